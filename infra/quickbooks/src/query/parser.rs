//! Parses a query.

use super::lexer::{Token, TokenKind, column, tokens};
use crate::entities::Named;
use crate::fault::Fault;

/// A parsed query. Its names are checked when it runs, except that of the entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The requested fields.
    pub selection: Selection,
    /// The entity.
    pub entity: Named,
    /// Conditions, all of which must hold.
    pub conditions: Vec<Condition>,
    /// Fields to sort by, the most significant first.
    pub order: Vec<(String, Direction)>,
    /// Number of the first result, counted from 1.
    pub start: usize,
    /// Largest number of results.
    pub max: Option<usize>,
}

/// The fields that a query returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Whole objects.
    All,
    /// The number of objects.
    Count,
    /// These fields.
    Columns(Vec<String>),
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The field, such as `MetaData.LastUpdatedTime`.
    pub field: String,
    /// The comparison.
    pub operator: Operator,
    /// The values: several for `IN`, otherwise one.
    pub values: Vec<String>,
}

/// The comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the usual comparisons")]
pub enum Operator {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Like,
}

/// The order of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the usual orders")]
pub enum Direction {
    Ascending,
    Descending,
}

/// Parses a query.
///
/// # Errors
///
/// Returns a [`Fault`] with code 4000 if the query does not follow the grammar, and with code 4001 if the
/// entity does not exist.
pub fn parse(query: &str) -> Result<Query, Fault> {
    let tokens = tokens(query).map_err(|detail| Fault::query_syntax(&detail))?;
    Parser { query, tokens, at: 0 }.query()
}

struct Parser<'a> {
    query: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl Parser<'_> {
    fn query(&mut self) -> Result<Query, Fault> {
        self.expect_keyword("SELECT")?;
        let selection = self.selection()?;
        self.expect_keyword("FROM")?;
        let name = self.word()?;
        let entity = Named::find(&name);
        let mut query = Query {
            selection,
            entity: entity.ok_or_else(|| Fault::query_invalid(&format!("entity '{name}' does not exist")))?,
            conditions: Vec::new(),
            order: Vec::new(),
            start: 1,
            max: None,
        };
        if self.keyword("WHERE") {
            query.conditions = self.list(Self::condition, |parser| parser.keyword("AND"))?;
        }
        if self.keyword("ORDERBY") {
            query.order = self.list(Self::order, |parser| parser.symbol(","))?;
        } else if self.keyword("ORDER") {
            self.expect_keyword("BY")?;
            query.order = self.list(Self::order, |parser| parser.symbol(","))?;
        }
        loop {
            if self.keyword("STARTPOSITION") {
                // Intuit's .NET client starts at 0.
                query.start = self.number()?.max(1);
            } else if self.keyword("MAXRESULTS") {
                query.max = Some(self.number()?);
            } else {
                break;
            }
        }
        if self.peek() == &TokenKind::End { Ok(query) } else { Err(self.unexpected("<EOF>")) }
    }

    fn selection(&mut self) -> Result<Selection, Fault> {
        let is_count = matches!(self.peek(), TokenKind::Word(word) if word.eq_ignore_ascii_case("COUNT"));
        if is_count && self.tokens.get(self.at + 1).is_some_and(|next| next.kind == TokenKind::Symbol("(")) {
            self.at += 2;
            self.expect_symbol("*")?;
            self.expect_symbol(")")?;
            return Ok(Selection::Count);
        }
        let columns = self.list(Self::column, |parser| parser.symbol(","))?;
        // `SELECT *, Sku` is how clients request the field Sku in addition.
        Ok(if columns.iter().any(|column| column == "*") {
            Selection::All
        } else {
            Selection::Columns(columns)
        })
    }

    fn column(&mut self) -> Result<String, Fault> {
        if self.symbol("*") { Ok("*".to_owned()) } else { self.word() }
    }

    fn condition(&mut self) -> Result<Condition, Fault> {
        let field = self.word()?;
        let operator = self.operator()?;
        let values = if operator == Operator::In {
            self.expect_symbol("(")?;
            let values = self.list(Self::value, |parser| parser.symbol(","))?;
            self.expect_symbol(")")?;
            values
        } else {
            vec![self.value()?]
        };
        Ok(Condition { field, operator, values })
    }

    fn operator(&mut self) -> Result<Operator, Fault> {
        let symbols = [
            ("=", Operator::Equal),
            ("<=", Operator::LessOrEqual),
            ("<", Operator::Less),
            (">=", Operator::GreaterOrEqual),
            (">", Operator::Greater),
        ];
        for (symbol, operator) in symbols {
            if self.symbol(symbol) {
                return Ok(operator);
            }
        }
        for (keyword, operator) in [("IN", Operator::In), ("LIKE", Operator::Like)] {
            if self.keyword(keyword) {
                return Ok(operator);
            }
        }
        Err(self.unexpected("\"=\", \"<\", \">\", \"<=\", \">=\", \"in\" or \"like\""))
    }

    fn order(&mut self) -> Result<(String, Direction), Fault> {
        let field = self.word()?;
        let direction = if self.keyword("DESC") {
            Direction::Descending
        } else {
            self.keyword("ASC");
            Direction::Ascending
        };
        Ok((field, direction))
    }

    fn value(&mut self) -> Result<String, Fault> {
        match self.peek().clone() {
            TokenKind::Text(text) => {
                self.at += 1;
                Ok(text)
            }
            TokenKind::Word(_) => self.word(),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn number(&mut self) -> Result<usize, Fault> {
        let number = match self.peek() {
            // Clients write the number in quotes, too.
            TokenKind::Word(text) | TokenKind::Text(text) => text.parse().ok(),
            _ => None,
        };
        let number = number.ok_or_else(|| self.unexpected("a number"))?;
        self.at += 1;
        Ok(number)
    }

    /// Parses items until `more` finds no separator.
    fn list<T>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, Fault>,
        more: impl Fn(&mut Self) -> bool,
    ) -> Result<Vec<T>, Fault> {
        let mut items = vec![item(self)?];
        while more(self) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn peek(&self) -> &TokenKind {
        self.tokens.get(self.at).map_or(&TokenKind::End, |token| &token.kind)
    }

    fn word(&mut self) -> Result<String, Fault> {
        let TokenKind::Word(word) = self.peek() else { return Err(self.unexpected("a name")) };
        let word = word.clone();
        self.at += 1;
        Ok(word)
    }

    /// Consumes a keyword, in any case, if it is next.
    fn keyword(&mut self, keyword: &str) -> bool {
        let is_next = matches!(self.peek(), TokenKind::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.at += usize::from(is_next);
        is_next
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let is_next = matches!(self.peek(), TokenKind::Symbol(next) if *next == symbol);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<(), Fault> {
        let expected = format!("\"{}\"", keyword.to_ascii_lowercase());
        if self.keyword(keyword) { Ok(()) } else { Err(self.unexpected(&expected)) }
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<(), Fault> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.unexpected(&format!("\"{symbol}\""))) }
    }

    fn unexpected(&self, expected: &str) -> Fault {
        let token = self.tokens.get(self.at).or(self.tokens.last());
        let (found, at) = token.map_or_else(Default::default, |token| (token.kind.to_string(), token.at));
        let column = column(self.query, at);
        Fault::query_syntax(&format!(
            "Encountered \" {found} \" at line 1, column {column}.\nWas expecting: {expected}"
        ))
    }
}
