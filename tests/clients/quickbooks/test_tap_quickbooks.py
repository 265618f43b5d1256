"""tap-quickbooks against the QuickBooks stand-in, changed only in its addresses: discovery, sync, errors."""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest

from stand_in import READY, REALM, URL, control, fault, start_over

import tap_quickbooks
import tap_quickbooks.client as tap

tap.PROD_ENDPOINT_BASE = tap.SANDBOX_ENDPOINT_BASE = URL
tap.TOKEN_REFRESH_URL = f"{URL}/oauth2/v1/tokens/bearer"

STREAMS = [
    "credit_memos", "customers", "deleted_objects", "employees", "estimates", "invoices", "items", "payments",
    "sales_receipts", "terms", "vendors",
]


class TapQuickbooks(unittest.TestCase):
    def setUp(self):
        start_over()
        self.folder = tempfile.TemporaryDirectory()
        self.config = {
            "client_id": READY["client_id"],
            "client_secret": READY["client_secret"],
            "refresh_token": READY["refresh_token"],
            "realm_id": REALM,
            "start_date": "2020-01-01T00:00:00Z",
            "user_agent": "tests",
            "sandbox": "true",
            "max_results": "1000",
        }
        self.write("config.json", self.config)

    def tearDown(self):
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, content):
        with open(self.path(name), "w", encoding="utf-8") as file:
            json.dump(content, file)

    def run_tap(self, *arguments):
        """Runs the tap's command and returns its messages."""
        sys.argv = ["tap-quickbooks", "--config", self.path("config.json"), *arguments]
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            tap_quickbooks.main()
        return output.getvalue()

    def sync(self, *arguments):
        catalog = json.loads(self.run_tap("--discover"))
        for stream in catalog["streams"]:
            for entry in stream["metadata"]:
                if entry["breadcrumb"] == []:
                    entry["metadata"]["selected"] = stream["stream"] in STREAMS
        self.write("catalog.json", catalog)
        lines = self.run_tap("--catalog", self.path("catalog.json"), *arguments).splitlines()
        messages = [json.loads(line) for line in lines]
        records = {}
        for message in messages:
            if message["type"] == "RECORD":
                records.setdefault(message["stream"], []).append(message["record"])
        states = [message["value"] for message in messages if message["type"] == "STATE"]
        return records, states[-1]

    def client(self):
        client = tap.QuickbooksClient(self.path("config.json"), self.config)
        # One request outside the tap's retries gets the first access token.
        client.session.request("GET", f"{URL}/v3/company/{REALM}/companyinfo/{REALM}")
        return client

    def test_sync_reads_every_stream_and_the_rotated_token_is_kept(self):
        for first in range(0, 1020, 30):
            items = [
                {"bId": str(n), "operation": "create", "Customer": {"DisplayName": f"C{n}"}}
                for n in range(first, first + 30)
            ]
            self.post_batch(items)
        control("POST", "clock", {"advance_seconds": 86_401})
        records, state = self.sync()
        counts = {stream: len(found) for stream, found in records.items()}
        expected = {
            "customers": 1025, "vendors": 1, "employees": 1, "invoices": 3, "payments": 2, "sales_receipts": 1,
            "credit_memos": 1, "items": 3, "terms": 2,
        }
        self.assertEqual(counts, expected)
        self.assertEqual(len({customer["Id"] for customer in records["customers"]}), 1025)
        self.assertIn("customers", state["bookmarks"])
        with open(self.path("config.json"), encoding="utf-8") as file:
            self.assertNotEqual(json.load(file)["refresh_token"], READY["refresh_token"])

    def post_batch(self, items):
        client = self.client_cache = getattr(self, "client_cache", None) or self.client()
        client.post(f"/v3/company/{REALM}/batch", data=json.dumps({"BatchItemRequest": items}))

    def test_second_sync_reads_only_changes_inactive_and_deleted_objects_included(self):
        _, state = self.sync()
        self.write("state.json", state)
        control("POST", "clock", {"advance_seconds": 60})
        control("POST", "edit", {"entity": "Customer", "operation": "deactivate", "object": {"Id": "5"}})
        control("POST", "edit", {"entity": "Invoice", "operation": "delete", "object": {"Id": "3"}})
        records, _ = self.sync("--state", self.path("state.json"))
        # The bookmark is inclusive: the last object of the first run comes again.
        changed = [customer for customer in records["customers"] if not customer["Active"]]
        self.assertEqual([customer["Id"] for customer in changed], ["5"])
        self.assertEqual([(gone["Id"], gone["Type"]) for gone in records["deleted_objects"]], [("3", "Invoice")])

    def test_errors_have_their_classes(self):
        client = self.client()

        def answer(method="GET", path=f"customer/1"):
            response = client.session.request(
                method, f"{URL}/v3/company/{REALM}/{path}", headers={"Accept": "application/json"}
            )
            with self.assertRaises(Exception) as raised:
                tap.raise_for_error(response)
            return type(raised.exception), str(raised.exception)

        kind, text = answer(path="customer/4711")
        self.assertEqual((kind, "Quickbooks Error code: 610" in text), (tap.QuickbooksBadRequestError, True))
        for action, expected in [
            ("unauthorized", tap.QuickbooksAuthenticationError),
            ("throttle", tap.QuickbooksTooManyRequestsError),
            ("status_500", tap.QuickbooksInternalServerError),
            ("status_503", tap.QuickbooksServiceUnavailableError),
        ]:
            fault(action)
            self.assertEqual(answer()[0], expected, action)

    def test_wrong_company_gets_the_hint_about_the_sandbox(self):
        config = {**self.config, "realm_id": "123"}
        client = tap.QuickbooksClient(self.path("config.json"), config)
        with self.assertRaises(tap.QuickbooksForbiddenError) as raised:
            client.do_authorization_check()
        self.assertIn("sandbox configuration option", str(raised.exception))

    def test_revoked_grant_ends_the_sync(self):
        control("POST", "revoke")
        with self.assertRaises(Exception) as raised:
            self.run_tap("--discover")
        self.assertIn("invalid_grant", str(raised.exception))


if __name__ == "__main__":
    unittest.main()
