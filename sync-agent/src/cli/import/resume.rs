//! The command that continues an import: the one that was interrupted, quoted for a shell.

/// Returns this process's command line, to be run again.
pub(super) fn command() -> String {
    let arguments: Vec<String> =
        std::env::args_os().map(|argument| quoted(&argument.to_string_lossy())).collect();
    arguments.join(" ")
}

/// Quotes an argument if a shell would not read it as one word.
fn quoted(argument: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_where_a_shell_would_split_or_expand_them() {
        for (argument, expected) in [
            ("--map", "--map"),
            ("/tmp/new.csv", "/tmp/new.csv"),
            ("Phone 1=phone", "'Phone 1=phone'"),
            ("it's", "'it'\\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(argument), expected);
        }
    }
}
