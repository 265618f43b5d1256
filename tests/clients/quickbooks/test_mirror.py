"""python-quickbooks reads the company after a sync of the local stack: every customer is there once, with the right fields."""

import json
import os
import subprocess
import tempfile
import unittest
import urllib.request
from collections import Counter

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.objects.customer import Customer

STACK = os.environ["CLIENTELE"]
SYNC_AGENT = os.environ["SYNC_AGENT"]
PAGE = 25


class Mirror(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory()
        # The stack and the agent find the tokens below HOME.
        cls.env = {**os.environ, "HOME": cls.home.name}
        cls.stack = subprocess.Popen(
            [STACK, "--json", "--port", "0"], stdout=subprocess.PIPE, text=True, env=cls.env
        )
        cls.ready = json.loads(cls.stack.stdout.readline())
        cls.url = cls.ready["url"]
        there = cls.ready["quickbooks"]
        QuickBooks.api_url_v3 = QuickBooks.sandbox_api_url_v3 = f"{there['url']}/v3"
        auth = AuthClient(
            client_id=there["client_id"],
            client_secret=there["client_secret"],
            access_token=there["access_token"],
            environment=f"{there['url']}/.well-known/openid_configuration/",
            redirect_uri="http://127.0.0.1/callback",
        )
        cls.client = QuickBooks(auth_client=auth, company_id=there["realm_id"])

    @classmethod
    def tearDownClass(cls):
        cls.stack.terminate()
        cls.stack.wait()
        cls.stack.stdout.close()
        cls.home.cleanup()

    def agent(self, *arguments, code=0):
        """Runs a command of the agent and returns its JSON."""
        command = [SYNC_AGENT, *arguments, "--json", "--dynamodb", self.url]
        done = subprocess.run(command, capture_output=True, text=True, env=self.env)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout)

    def ours(self):
        """Returns all customers that the trades API lists."""
        customers, page = [], 1
        while True:
            request = urllib.request.Request(f"{self.url}/api/v1/customers?page={page}&limit={PAGE}")
            request.add_header("Authorization", f"Bearer {self.ready['key']}")
            with urllib.request.urlopen(request) as response:
                data = json.load(response)["data"]
            customers += data["customers"]
            if page >= data["pagination"]["total_pages"]:
                return customers
            page += 1

    def theirs(self):
        """Returns all customers of the company that are no jobs."""
        everyone = Customer.where("Active IN (true, false)", max_results=1000, qb=self.client)
        return [customer for customer in everyone if not customer.Job]

    def test_company_has_every_customer_once_with_its_fields(self):
        report = self.agent("sync")
        self.assertEqual((report["conflicts"], report["refused"]), (0, 0), report)
        ours, theirs = self.ours(), self.theirs()
        self.assertEqual(len(theirs), len(ours))
        names = Counter(customer.DisplayName for customer in theirs)
        self.assertEqual([name for name, count in names.items() if count > 1], [])
        by_name = {(c.GivenName or "", c.FamilyName or "", c.CompanyName or ""): c for c in theirs}
        for own in ours:
            if not own["first_name"] and own["company_name"] == own["last_name"]:
                # trades shows an organisation's name as a last name.
                key = ("", "", own["company_name"])
            else:
                key = (own["first_name"], own["last_name"], own["company_name"] or "")
            there = by_name.get(key)
            self.assertIsNotNone(there, own)
            email = there.PrimaryEmailAddr.Address if there.PrimaryEmailAddr else None
            self.assertEqual(email, own["email"])
            address = there.ShipAddr
            self.assertEqual((address.City if address else None) or None, own["physical_city"])
            self.assertEqual((address.PostalCode if address else None) or None, own["physical_zip"])
            self.assertEqual(there.Notes or None, own["notes"])

    def test_second_sync_and_plan_find_nothing_to_do(self):
        self.agent("sync")
        report = self.agent("sync")
        self.assertEqual(report["pushed"]["created"] + report["pushed"]["updated"], 0)
        self.assertEqual(report["calls"], {"reads": 1, "writes": 0, "batches": 0})
        plan = self.agent("plan")
        self.assertEqual([plan[part] for part in ("create", "update", "pull")], [[], [], []])
        self.assertEqual(self.agent("doctor")["findings"], [])

    def test_edit_on_each_side_arrives_on_the_other(self):
        self.agent("sync")
        there = Customer.where("FamilyName = 'Okafor' AND GivenName = 'Margaret'", qb=self.client)[0]
        there.Notes = "Seen with python-quickbooks"
        there.save(qb=self.client)
        self.agent("sync")
        [own] = [c for c in self.ours() if c["email"] == "margaret.okafor@example.com"]
        self.assertEqual(own["notes"], "Seen with python-quickbooks")


if __name__ == "__main__":
    unittest.main()
