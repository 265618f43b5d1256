# Adjustments of schemathesis: valid requests that the specification cannot tell from invalid ones, and a check of its own.

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario

# Members that a customer can have in any format, because another dialect or an import wrote them. An update accepts the value
# that the customer has, so the specification has no pattern. Any other value must have the format, as these have.
FORMATTED = {
    "country": "US",
    "physical_state": "WA",
    "billing_state": "WA",
    "physical_zip": "98101",
    "billing_zip": "98101",
}
# The same for trades only: a customer without a first name shows an empty one.
FORMATTED_IN_TRADES = {"phone": "206-555-1234", "first_name": "Jane", "last_name": "Doe"}


@schemathesis.hook
def filter_case(context, case):
    return not is_blank_query(case) and not is_unquoted_etag(case)


def is_blank_query(case):
    """A blank query parameter counts as absent, as forms of web pages send it, whatever its type."""
    return any(is_blank(value) for value in (case.query or {}).values())


def is_blank(value):
    """Returns whether a value is sent as a blank one. Lists are sent element by element, and objects key by key."""
    if isinstance(value, (dict, list)):
        return not value or any(is_blank(part) for part in value)
    return not str(value).strip()


def is_unquoted_etag(case):
    """A fault of schemathesis: it parses a header that is JSON, and sends `0` as the valid ETag `"0"`."""
    etag = (case.headers or {}).get("If-Match")
    return etag is not None and is_valid(case.meta.generation) and not str(etag).endswith(('"', "*"))


@schemathesis.hook
def map_case(context, case):
    part = case.meta.components.get(ParameterLocation.BODY)
    if part and is_valid(part) and isinstance(case.body, dict):
        formatted = FORMATTED | (FORMATTED_IN_TRADES if case.path.startswith("/api/v1/") else {})
        case.body = with_formats(case.body, formatted)
        if isinstance(case.body.get("contacts"), list):
            case.body["contacts"] = [listed_contact(contact) for contact in case.body["contacts"]]
    return case


def with_formats(body, formatted):
    """Replaces texts, also in addresses, by texts in the format of the member."""

    def replaced(name, value):
        if isinstance(value, dict) and name.endswith("_address"):
            return with_formats(value, formatted)
        return formatted[name] if isinstance(value, str) and name in formatted else value

    return {name: replaced(name, value) for name, value in body.items()}


def listed_contact(contact):
    """An id has to be that of a contact of this customer; a contact without an id needs a name; only one can be primary."""
    return {"name": "Jane Doe"} | {name: value for name, value in contact.items() if name not in ("id", "is_primary")}


def is_valid(part):
    """Returns whether a request, or a part of one, is meant to conform to the specification."""
    return part.mode == GenerationMode.POSITIVE


@schemathesis.check
def undeclared_method_is_not_found(ctx, response, case):
    """See `unsupported_method` in schemathesis.toml."""
    phase = case.meta.phase.data
    if isinstance(phase, CoveragePhaseData) and phase.scenario == CoverageScenario.UNSPECIFIED_HTTP_METHOD:
        assert response.status_code == 404, f"{response.request.method} is not a method of this path, and not a 404"
