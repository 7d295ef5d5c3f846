"""A static site with its own domain."""

import pulumi
from site_parts import StaticSite

dns = pulumi.StackReference(f"acme/dns/{pulumi.get_stack()}")
site = StaticSite(
    "site",
    domain=pulumi.Config().require("domain"),
    zone_id=dns.require_output("zoneId"),
)
pulumi.export("url", site.url)
pulumi.export("bucket", site.bucket_name)
