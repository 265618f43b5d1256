//! Tests of [`super::Routes`]: reading templates and matching requests as API Gateway does.

use super::*;

/// Returns a template with functions given as `(name, [(method, path)])`.
fn template(functions: &[(&str, &[(&str, &str)])]) -> String {
    let mut text = String::from("Resources:\n  Table:\n    Type: AWS::DynamoDB::Table\n");
    for (id, (name, routes)) in functions.iter().enumerate() {
        text += &format!(
            "  F{id}:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: target/lambda/{name}/\n      \
             Events:\n"
        );
        for (at, (method, path)) in routes.iter().enumerate() {
            text += &format!(
                "        E{at}:\n          Type: Api\n          Properties: {{ Path: \"{path}\", Method: {method} }}\n"
            );
        }
    }
    text
}

fn routes(functions: &[(&str, &[(&str, &str)])]) -> Routes {
    Routes::read(&template(functions)).unwrap()
}

fn customers() -> Routes {
    routes(&[
        ("list", &[("GET", "/api/v1/customers")]),
        ("get", &[("GET", "/api/v1/customers/{uuid}")]),
        ("restore", &[("POST", "/api/v1/customers/{uuid}/restore")]),
        ("export", &[("GET", "/api/v1/customers/export")]),
        ("files", &[("ANY", "/files/{path+}")]),
    ])
}

fn found(routes: &Routes, method: &str, path: &str) -> Option<String> {
    routes.find(method, path).map(|m| format!("{} {:?}", m.function, m.parameters))
}

#[test]
fn deployed_template_is_accepted() {
    let routes = Routes::read(TEMPLATE).unwrap();
    assert_eq!(routes.find("GET", "/api/v1/customers").unwrap().function, "trades-customer-list");
    let one = routes.find("GET", "/api/v1/customers/7").unwrap();
    assert_eq!(one.function, "trades-customer-get");
}

#[test]
fn literals_win_over_parameters() {
    let routes = customers();
    assert_eq!(found(&routes, "GET", "/api/v1/customers").unwrap(), "list {}");
    assert_eq!(found(&routes, "GET", "/api/v1/customers/7").unwrap(), r#"get {"uuid": "7"}"#);
    assert_eq!(found(&routes, "GET", "/api/v1/customers/export").unwrap(), "export {}");
    assert_eq!(found(&routes, "POST", "/api/v1/customers/7/restore").unwrap(), r#"restore {"uuid": "7"}"#);
}

#[test]
fn requests_without_a_route_match_nothing() {
    let routes = customers();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/api/v1"),
        ("DELETE", "/api/v1/customers"),
        ("HEAD", "/api/v1/customers"),
        ("get", "/api/v1/customers"),
        ("GET", "/api/v1/customers/7/restore"),
        ("GET", "/api/v1/customers/7/8"),
        ("GET", "/api/v1//customers"),
        ("GET", "/api/v1/customers//restore"),
        ("GET", "/API/v1/customers"),
        ("GET", "/files"),
        ("GET", ""),
        ("GET", "*"),
    ] {
        assert_eq!(found(&routes, method, path), None, "{method} {path}");
    }
}

#[test]
fn path_is_selected_before_the_method() {
    // `/c/export` has no POST, and `/c/{uuid}` is not tried instead.
    let routes = routes(&[("export", &[("GET", "/c/export")]), ("change", &[("POST", "/c/{uuid}")])]);
    assert_eq!(found(&routes, "POST", "/c/export"), None);
    assert_eq!(found(&routes, "POST", "/c/7").unwrap(), r#"change {"uuid": "7"}"#);
}

#[test]
fn greedy_parameter_captures_the_rest_of_the_path() {
    let routes = customers();
    assert_eq!(found(&routes, "PATCH", "/files/a/b%2Fc").unwrap(), r#"files {"path": "a/b%2Fc"}"#);
}

#[test]
fn one_trailing_slash_is_ignored() {
    let routes = customers();
    assert_eq!(found(&routes, "GET", "/api/v1/customers/").unwrap(), "list {}");
    assert_eq!(found(&routes, "GET", "/api/v1/customers//"), None);
}

#[test]
fn parameters_stay_percent_encoded() {
    let routes = customers();
    assert_eq!(
        found(&routes, "GET", "/api/v1/c%75stomers/a%2Fb%20c").unwrap(),
        r#"get {"uuid": "a%2Fb%20c"}"#
    );
    assert_eq!(found(&routes, "GET", "/api/v1/customers/%zz").unwrap(), r#"get {"uuid": "%zz"}"#);
}

#[test]
fn short_form_intrinsic_functions_are_accepted() {
    let routes = Routes::read(
        r#"
Globals:
  Function: { Environment: { Variables: { TABLE_NAME: !Ref Table } } }
Resources:
  Api: { Type: AWS::Serverless::Api, Properties: { StageName: !Sub "${Stage}" } }
  Get:
    Type: AWS::Serverless::Function
    Metadata: { BuildMethod: rust-cargolambda, BuildProperties: { Binary: trades-customer-get } }
    Properties:
      CodeUri: .
      Role: !GetAtt Role.Arn
      Policies: [ !If [ Strict, !Ref A, !Sub [ "${x}", { x: !Ref B } ] ] ]
      Events:
        Get: { Type: Api, Properties: { RestApiId: !Ref Api, Path: "/c/{uuid}", Method: get } }
        Nightly: { Type: Schedule, Properties: { Schedule: rate(1 day) } }
  Nightly: { Type: AWS::Serverless::Function, Properties: { Handler: bootstrap } }
"#,
    )
    .unwrap();
    let all: Vec<Route> = routes.all().collect();
    let route =
        Route { function: "trades-customer-get".into(), method: "GET".into(), path: "/c/{uuid}".into() };
    assert_eq!(all, [route]);
    assert_eq!(routes.functions().into_iter().collect::<Vec<_>>(), ["trades-customer-get"]);
}

#[test]
fn templates_that_api_gateway_rejects_are_errors() {
    let read = |functions: &[(&str, &[(&str, &str)])]| Routes::read(&template(functions)).unwrap_err();
    assert!(matches!(read(&[("a", &[("GET", "c")])]), RouteError::InvalidPath { .. }));
    assert!(matches!(read(&[("a", &[("GET", "/{p+}/c")])]), RouteError::InvalidPath { .. }));
    assert!(matches!(read(&[("a", &[("GET", "/a{p}")])]), RouteError::InvalidPath { .. }));
    assert!(matches!(read(&[(".", &[("GET", "/c")])]), RouteError::NoBinary { .. }));
    assert!(matches!(
        read(&[("a", &[("GET", "/c")]), ("b", &[("get", "/c")])]),
        RouteError::DuplicateRoute { .. }
    ));
    assert!(matches!(
        read(&[("a", &[("GET", "/c/{x}")]), ("b", &[("PUT", "/c/{y}")])]),
        RouteError::ParameterNameConflict { .. }
    ));
    assert!(matches!(Routes::read("Resources: 7").unwrap_err(), RouteError::Unreadable { .. }));
    let http_api = template(&[("a", &[("GET", "/c")])]).replace("Type: Api", "Type: HttpApi");
    assert!(matches!(Routes::read(&http_api).unwrap_err(), RouteError::HttpApi { .. }));
    let get = template(&[("a", &[("GET", "/c")])]);
    for (mode, is_known) in [("BUFFERED", true), ("RESPONSE_STREAM", true), ("STREAM", false)] {
        let streamed = get.replace("Method: GET", &format!("Method: GET, ResponseTransferMode: {mode}"));
        assert_ne!(streamed, get);
        assert_eq!(Routes::read(&streamed).is_ok(), is_known, "{mode}");
    }
}
