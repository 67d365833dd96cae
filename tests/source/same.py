# SPDX-License-Identifier: GPL-2.0-or-later
"""same.py EXTRACTED OBJECT SOURCE AGREEMENT FUNCTION...

What extract says (JSON) is about these functions, with this agreement; both patches (as inspect
shows them) have them; and what their functions refer to is the same, to the address in the target.
The names of clones are the compiler's.
"""
import json
import sys


def functions(path):
    patch = json.load(open(path))
    return {f["name"]: sorted((r["symbol"].split(".")[0], r["kind"], r.get("address", r.get("slot")))
                              for r in f["refers"] if r["kind"] != "own")
            for f in patch["functions"] if "." not in f["name"]}


extracted = json.load(open(sys.argv[1]))
wanted = set(sys.argv[5:])
found = {name for file in extracted["files"] for name in file["functions"]}
if found != wanted:
    sys.exit("extracted are %s" % found)
for check in extracted["cross_check"]:
    if check["agreement"] not in (sys.argv[4], "by its callers"):
        sys.exit("%s: %s; %s" % (check["function"], check["agreement"], check["why"]))
object_road, source_road = functions(sys.argv[2]), functions(sys.argv[3])
for name, refers in object_road.items():
    if source_road.get(name) != refers:
        sys.exit("%s refers to %s, not %s" % (name, source_road.get(name), refers))
if not wanted <= set(source_road):
    sys.exit("the patch has only %s" % list(source_road))
