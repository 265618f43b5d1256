"""boto3 fetches exports from the local S3, and DuckDB reads them: CSV, gzip CSV and Parquet have the same records."""

import csv
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
from decimal import Decimal

import boto3
import duckdb

STACK = os.environ["CLIENTELE"]
SYNC_AGENT = os.environ["SYNC_AGENT"]
SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "data"
FORMATS = ["csv", "csv.gz", "parquet"]


def read(sample):
    with open(SAMPLES / sample, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Exports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory()
        cls.env = {**os.environ, "HOME": cls.home.name}
        cls.stack = subprocess.Popen(
            [STACK, "--json", "--port", "0", "--no-quickbooks"], stdout=subprocess.PIPE, text=True, env=cls.env
        )
        ready = json.loads(cls.stack.stdout.readline())
        cls.url, there = ready["url"], ready["s3"]
        cls.bucket = there["bucket"]
        keys = {"AWS_ACCESS_KEY_ID": there["access_key"], "AWS_SECRET_ACCESS_KEY": there["secret_key"]}
        cls.env |= {**keys, "AWS_ENDPOINT_URL_S3": there["url"]}
        cls.s3 = boto3.client(
            "s3",
            endpoint_url=there["url"],
            aws_access_key_id=there["access_key"],
            aws_secret_access_key=there["secret_key"],
            region_name="us-east-1",
        )
        for name, orders, lines in [
            ("chinook", "invoices.csv", "invoice_lines.csv"),
            ("northwind", "orders.csv", "order_details.csv"),
        ]:
            folder = SAMPLES / name
            cls.agent("import", "customers", folder / "customers.csv", "--source", name)
            files = [folder / orders, "--lines", folder / lines, "--mapping", folder / "orders.toml"]
            cls.agent("import", "orders", *files, "--source", name)

    @classmethod
    def tearDownClass(cls):
        cls.stack.terminate()
        cls.stack.wait()
        cls.stack.stdout.close()
        cls.home.cleanup()

    @classmethod
    def agent(cls, *arguments):
        """Runs a command of the agent and returns its standard output."""
        command = [SYNC_AGENT, *map(str, arguments), "--dynamodb", cls.url]
        done = subprocess.run(command, capture_output=True, text=True, env=cls.env)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout

    def export(self, kind, prefix, *options):
        return json.loads(self.agent("export", kind, "--to", f"s3://{self.bucket}/{prefix}", "--json", *options))

    def latest(self, kind, prefix):
        """Fetches the last export as a reader does, from latest.json on; returns its manifest and its file."""
        folder = f"{prefix}/{kind}"
        manifest_path = f"{folder}/{json.loads(self.get(f'{folder}/latest.json'))['manifest']}"
        manifest = json.loads(self.get(manifest_path))
        content = self.get(f"{manifest_path.rsplit('/', 1)[0]}/{manifest['file']}")
        self.assertEqual(len(content), manifest["bytes"])
        self.assertEqual(hashlib.sha256(content).hexdigest(), manifest["sha256"])
        path = pathlib.Path(self.home.name) / manifest["file"]
        path.write_bytes(content)
        return manifest, path

    def get(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def rows(self, path, columns, order):
        source = "read_parquet" if path.suffix == ".parquet" else "read_csv"
        return duckdb.sql(f"SELECT {columns} FROM {source}('{path}') ORDER BY {order}").fetchall()

    def test_formats_have_the_same_customers(self):
        columns = "id, firstName, lastName, companyName, email, city, country, status, isVip, createdAt"
        found = []
        for form in FORMATS:
            self.export("customers", form, "--columns", "full", "--format", form, "--no-formula-guard")
            manifest, path = self.latest("customers", form)
            rows = self.rows(path, columns, "id")
            self.assertEqual((len(rows), manifest["rows"]), (212, 212))
            found.append(rows)
        self.assertEqual(found[0], found[1])
        as_text = lambda rows: [[None if value is None else str(value) for value in row] for row in rows]
        self.assertEqual(as_text(found[0]), as_text(found[2]))

    def test_lines_of_orders_add_up_to_the_value_of_the_samples(self):
        self.export("orders", "orders", "--format", "parquet")
        manifest, path = self.latest("orders", "orders")
        lines = [*read("chinook/invoice_lines.csv"), *read("northwind/order_details.csv")]
        value = sum(
            Decimal(line["Quantity"]) * Decimal(line["UnitPrice"]) * (1 - Decimal(line.get("Discount", "0")))
            for line in lines
        )
        [(total,)] = self.rows(path, "sum(quantity * unitPrice * (1 - discount)) AS total", "total")
        self.assertEqual((manifest["rows"], total), (len(lines), value))

    def test_changes_are_exported_and_every_object_is_listed(self):
        first = self.export("customers", "changes")
        again = self.export("customers", "changes", "--incremental")
        self.assertEqual((first["rows"], first["incremental"]), (212, False))
        self.assertEqual((again["rows"], again["deleted"], again["incremental"]), (0, 0, True))
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="changes/")["Contents"]
        keys = sorted(f"s3://{self.bucket}/{item['Key']}" for item in listed)
        expected = [export[member] for export in [first, again] for member in ["file", "manifest"]]
        self.assertEqual(keys, sorted([*expected, f"s3://{self.bucket}/changes/customers/latest.json"]))


if __name__ == "__main__":
    unittest.main()
