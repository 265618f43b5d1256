"""python-quickbooks and intuit-oauth against the QuickBooks stand-in, changed only in their addresses."""

import decimal
import json
import unittest
import warnings
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from stand_in import READY, REALM, URL, Receiver, control, fault, start_over

from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import (
    AuthorizationException,
    GeneralException,
    ObjectNotFoundException,
    QuickbooksException,
    SevereException,
    UnsupportedException,
    ValidationException,
)
from quickbooks.objects.base import Address, EmailAddress, LinkedTxn, PhoneNumber, Ref
from quickbooks.objects.creditmemo import CreditMemo
from quickbooks.objects.customer import Customer
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.employee import Employee
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.item import Item
from quickbooks.objects.payment import Payment, PaymentLine
from quickbooks.objects.salesreceipt import SalesReceipt
from quickbooks.objects.term import Term
from quickbooks.objects.vendor import Vendor

QuickBooks.api_url_v3 = QuickBooks.sandbox_api_url_v3 = f"{URL}/v3"


def new_customer(name, **fields):
    customer = Customer()
    customer.DisplayName = name
    for field, value in fields.items():
        setattr(customer, field, value)
    return customer


def new_line(amount):
    line = SalesItemLine()
    line.Amount = amount
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = Ref()
    line.SalesItemLineDetail.ItemRef.value = "1"
    return line


class PythonQuickbooks(unittest.TestCase):
    def setUp(self):
        warnings.simplefilter("ignore")
        start_over()
        self.auth = AuthClient(
            READY["client_id"],
            READY["client_secret"],
            "http://127.0.0.1:1/callback",
            environment=f"{URL}/.well-known/openid_configuration/",
        )
        # Without an access token, the client refreshes first.
        self.client = QuickBooks(
            auth_client=self.auth,
            refresh_token=READY["refresh_token"],
            company_id=REALM,
            minorversion=75,
            verifier_token=READY["verifier_token"],
        )

    def error(self, kind, call, code=None):
        with self.assertRaises(kind) as raised:
            call()
        self.assertIs(type(raised.exception), kind)
        if code is not None:
            self.assertEqual(raised.exception.error_code, code)
        return raised.exception

    def test_customer_is_created_read_and_updated(self):
        email = EmailAddress()
        email.Address = "ann@example.com"
        phone = PhoneNumber()
        phone.FreeFormNumber = "(813) 555-0123"
        address = Address()
        address.Line1, address.City, address.PostalCode = "1 Main Street", "Tampa", "33602"
        customer = new_customer(
            "Ann O'Neil", GivenName="Ann", PrimaryEmailAddr=email, PrimaryPhone=phone, BillAddr=address, Notes="n"
        )
        saved = customer.save(qb=self.client)
        self.assertEqual((saved.SyncToken, saved.Active, saved.Balance), ("0", True, 0))
        read = Customer.get(saved.Id, qb=self.client)
        self.assertEqual(read.PrimaryEmailAddr.Address, "ann@example.com")
        self.assertEqual(read.BillAddr.City, "Tampa")
        # This client sends every field it has read, which is a full update.
        read.Notes = ""
        read.MiddleName = "Q"
        updated = read.save(qb=self.client)
        self.assertEqual((updated.SyncToken, updated.Notes, updated.MiddleName), ("1", "", "Q"))
        self.assertEqual(updated.PrimaryPhone.FreeFormNumber, "(813) 555-0123")

    def test_sparse_update_keeps_other_fields(self):
        saved = new_customer("Ann", Notes="n", CompanyName="c").save(qb=self.client)
        sparse = {"Id": saved.Id, "SyncToken": "0", "sparse": True, "Notes": "other"}
        updated = self.client.update_object("Customer", json.dumps(sparse))["Customer"]
        self.assertEqual((updated["Notes"], updated["CompanyName"]), ("other", "c"))

    def test_customers_are_queried_in_pages(self):
        for number in range(12):
            new_customer(f"Page {number:02}").save(qb=self.client)
        found, start = [], 1
        while True:
            page = Customer.where(
                "DisplayName LIKE 'Page%'", order_by="DisplayName", start_position=start, max_results=5, qb=self.client
            )
            found += [customer.DisplayName for customer in page]
            if len(page) < 5:
                break
            start += 5
        self.assertEqual(found, [f"Page {number:02}" for number in range(12)])
        self.assertEqual(Customer.count("DisplayName LIKE 'Page%'", qb=self.client), 12)
        self.assertEqual(len(Customer.filter(DisplayName="King's Groceries", qb=self.client)), 1)
        self.assertEqual(len(Customer.choose(["1", "2"], field="Id", qb=self.client)), 2)
        self.assertEqual(Customer.filter(DisplayName="none", qb=self.client), [])

    def test_every_entity_is_listed(self):
        for entity in [Customer, Vendor, Employee, Invoice, SalesReceipt, Payment, CreditMemo, Item, Term]:
            listed = entity.all(qb=self.client)
            self.assertGreater(len(listed), 0, entity.__name__)
            self.assertEqual(entity.get(listed[0].Id, qb=self.client).Id, listed[0].Id)
        self.assertEqual([item.Sku for item in Item.all(qb=self.client)][1:], ["SVC-WEEK", "FLT-100"])

    def test_invoice_is_paid_voided_and_deleted(self):
        customer = new_customer("Ann").save(qb=self.client)
        invoice = Invoice()
        invoice.CustomerRef = customer.to_ref()
        invoice.Line = [new_line(100.5)]
        invoice = invoice.save(qb=self.client)
        self.assertEqual((invoice.TotalAmt, invoice.Balance), (100.5, 100.5))
        payment = Payment()
        payment.CustomerRef = customer.to_ref()
        payment.TotalAmt = 100.5
        line = PaymentLine()
        line.Amount = 100.5
        linked = LinkedTxn()
        linked.TxnId, linked.TxnType = invoice.Id, "Invoice"
        line.LinkedTxn = [linked]
        payment.Line = [line]
        payment = payment.save(qb=self.client)
        self.assertEqual(Invoice.get(invoice.Id, qb=self.client).Balance, 0)
        self.assertEqual(payment.void(qb=self.client)["Payment"]["TotalAmt"], 0)
        paid = Invoice.get(invoice.Id, qb=self.client)
        self.assertEqual(paid.Balance, 100.5)
        self.assertEqual(paid.void(qb=self.client)["Invoice"]["PrivateNote"], "Voided")
        deleted = Invoice.get(invoice.Id, qb=self.client).delete(qb=self.client)
        self.assertEqual(deleted["Invoice"]["status"], "Deleted")

    def test_decimals_are_kept(self):
        self.client.use_decimal = True
        try:
            invoice = Invoice()
            invoice.CustomerRef = Customer.get("1", qb=self.client).to_ref()
            invoice.Line = [new_line(decimal.Decimal("0.10")), new_line(decimal.Decimal("0.20"))]
            self.assertEqual(invoice.save(qb=self.client).TotalAmt, decimal.Decimal("0.3"))
        finally:
            self.client.use_decimal = False

    def test_batch_reports_each_item(self):
        created = batch_create([new_customer("A"), new_customer("B"), new_customer("a")], qb=self.client)
        self.assertEqual([customer.DisplayName for customer in created.successes], ["A", "B"])
        self.assertEqual([fault.Error[0].code for fault in created.faults], ["6240"])
        for customer in created.successes:
            customer.Notes = "n"
        self.assertEqual(len(batch_update(created.successes, qb=self.client).successes), 2)
        invoices = Invoice.all(qb=self.client)
        deleted = batch_delete(invoices[2:], qb=self.client)
        self.assertEqual(len(deleted.faults), 0)

    def test_changes_since_a_moment_are_captured(self):
        new_customer("Ann").save(qb=self.client)
        Invoice.get("3", qb=self.client).delete(qb=self.client)
        changes = change_data_capture([Customer, Invoice], "2020-01-01T00:00:00Z", qb=self.client)
        self.assertIn("Ann", [customer.DisplayName for customer in changes.Customer._object_list])
        deleted = [invoice for invoice in changes.Invoice._object_list if getattr(invoice, "status", "") == "Deleted"]
        self.assertEqual([invoice.Id for invoice in deleted], ["3"])

    def test_request_id_creates_one_customer(self):
        first = new_customer("Ann").save(qb=self.client, request_id="r-1")
        second = new_customer("Ann").save(qb=self.client, request_id="r-1")
        self.assertEqual(first.Id, second.Id)

    def test_errors_have_their_classes_and_codes(self):
        saved = new_customer("Ann").save(qb=self.client)
        new_customer("Bob").save(qb=self.client)
        error = self.error(QuickbooksException, lambda: new_customer("ann").save(qb=self.client), 6240)
        self.assertIn("Another customer, vendor or employee", error.detail)
        saved.save(qb=self.client)
        self.error(QuickbooksException, lambda: saved.save(qb=self.client), 5010)
        self.error(ObjectNotFoundException, lambda: Customer.get("4711", qb=self.client), 610)
        self.error(ValidationException, lambda: new_customer("a:b").save(qb=self.client), 2040)
        self.error(ValidationException, lambda: new_customer("x" * 501).save(qb=self.client), 2050)
        self.error(ValidationException, lambda: Customer.query("select * from Customer or", qb=self.client), 4000)
        self.error(ValidationException, lambda: Customer.where("Notes = 'x'", qb=self.client), 4001)
        self.error(UnsupportedException, lambda: self.client.get_report("ProfitAndLoss"), 500)
        self.error(GeneralException, lambda: batch_large(self.client), 1040)
        control("PUT", "switches", {"company_status": "lapsed"})
        self.error(QuickbooksException, lambda: new_customer("Cid").save(qb=self.client), 6190)

    def test_ordered_faults_are_errors(self):
        fault("status_503")
        self.error(SevereException, lambda: Customer.get("1", qb=self.client), 10000)
        fault("fault_in_200")
        self.error(QuickbooksException, lambda: Customer.get("1", qb=self.client), 6000)
        # A 429 comes as XML, which this client reports as unreadable.
        fault("throttle")
        error = self.error(QuickbooksException, lambda: Customer.get("1", qb=self.client), 10000)
        self.assertIn("3001", str(error))
        fault("unauthorized")
        self.error(AuthorizationException, lambda: Customer.get("1", qb=self.client), 401)

    def test_expired_access_token_is_refreshed_and_rotated_token_replaces_the_old(self):
        control("POST", "clock", {"advance_seconds": 86_401})
        self.error(AuthorizationException, lambda: Customer.get("1", qb=self.client), 401)
        self.auth.refresh(refresh_token=READY["refresh_token"])
        self.assertNotEqual(self.auth.refresh_token, READY["refresh_token"])
        with self.assertRaises(AuthClientError) as raised:
            self.auth.refresh(refresh_token=READY["refresh_token"])
        self.assertEqual((raised.exception.status_code, b"invalid_grant" in raised.exception.content), (400, True))
        fresh = QuickBooks(auth_client=self.auth, refresh_token=self.auth.refresh_token, company_id=REALM, minorversion=75)
        self.assertEqual(Customer.get("1", qb=fresh).Id, "1")

    def test_consent_gives_tokens_with_a_verified_identity(self):
        address = self.auth.get_authorization_url([Scopes.ACCOUNTING, Scopes.OPENID])
        form = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        answer = requests.post(
            f"{URL}/connect/oauth2", data=urlencode({**form, "decision": "allow"}), allow_redirects=False,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        self.assertEqual((query["state"], query["realmId"]), ([self.auth.state_token], [REALM]))
        self.auth.get_bearer_token(query["code"][0], realm_id=REALM)
        # The client sets this field after it has verified the signature with the published key.
        self.assertIsNotNone(self.auth.id_token)
        self.assertTrue(self.auth.revoke(token=self.auth.refresh_token))
        with self.assertRaises(AuthClientError):
            self.auth.refresh()

    def test_webhook_has_a_valid_signature(self):
        receiver = Receiver()
        try:
            control("POST", "webhook", {"url": receiver.url})
            new_customer("Ann").save(qb=self.client)
            signature, body = receiver.deliveries.get(timeout=10)
            self.assertTrue(self.client.validate_webhook_signature(body, signature))
            self.assertFalse(self.client.validate_webhook_signature(body + " ", signature))
        finally:
            control("DELETE", "webhook")
            receiver.close()


def batch_large(client):
    items = [{"bId": str(n), "operation": "create", "Customer": {"DisplayName": f"C{n}"}} for n in range(31)]
    client.batch_operation(json.dumps({"BatchItemRequest": items}))


if __name__ == "__main__":
    unittest.main()
