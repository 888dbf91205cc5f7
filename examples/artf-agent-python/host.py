"""A host in Python: asks an extension point every intent in both lifecycles, checks the answers, and reports as JSON.

    PYTHONPATH=gen python host.py 127.0.0.1:50051 [FOLDER]

With a FOLDER, every ask and answer is also written there as it went over the wire.
"""
import json
import pathlib
import sys
import time

import grpc
from artf.v1 import mutation_pb2 as artf
from artf.v1 import services_pb2_grpc as services
from grpc_health.v1 import health_pb2, health_pb2_grpc

SERVICE = "com.iabtechlab.bidstream.mutation.services.v1.RTBExtensionPoint"
LIFECYCLES = [artf.LIFECYCLE_PUBLISHER_BID_REQUEST, artf.LIFECYCLE_DSP_BID_RESPONSE]
# The kind of value each intent carries.
VALUES = {
    artf.ACTIVATE_SEGMENTS: "ids",
    artf.ACTIVATE_DEALS: "ids",
    artf.SUPPRESS_DEALS: "ids",
    artf.ADJUST_DEAL_FLOOR: "adjust_deal",
    artf.ADJUST_DEAL_MARGIN: "adjust_deal",
    artf.BID_SHADE: "adjust_bid",
    artf.ADD_METRICS: "metrics",
    artf.ADD_CIDS: "content_data",
}


def build(lifecycle, intents, number):
    """Builds an ask with media of every kind, a deal, a user and, where it belongs, a bid."""
    ask = artf.RTBRequest(lifecycle=lifecycle, id=f"ask-{number}", tmax=5_000, applicable_intents=intents)
    ask.originator.type = artf.Originator.TYPE_EXCHANGE
    ask.originator.id = "python-host"
    request = ask.bid_request
    request.id, request.at, request.tmax, request.test = f"auction-{number}", 1, 100, False
    request.cur.append("USD")
    request.regs.coppa, request.regs.gdpr = False, False
    request.device.ua, request.device.ip, request.device.lmt = "Mozilla/5.0", "198.51.100.7", False
    request.device.geo.country = "SWE"
    request.user.id = "user-1"
    request.user.data.add(name="host").segment.add(id="s-1")
    request.site.domain, request.site.publisher.id = "radio.example", "pub-1"
    request.site.content.cattax = 7
    request.site.content.cat.append("533")
    request.site.content.data.add(name="Gracenote").ext.cids.append("MV-1")
    banner = request.imp.add(id="1", bidfloor=0.1, bidfloorcur="USD", secure=True, tagid="top")
    banner.banner.format.add(w=300, h=250)
    banner.metric.add(type="viewability", value=0.5, vendor="host")
    banner.pmp.private_auction = False
    banner.pmp.deals.add(id="d-1", bidfloor=0.2, bidfloorcur="USD", at=1)
    audio = request.imp.add(id="2", bidfloor=0.1)
    audio.audio.mimes.append("audio/mpeg")
    audio.audio.minduration, audio.audio.maxduration = 5, 60
    video = request.imp.add(id="3")
    video.video.mimes.append("video/mp4")
    video.video.protocols.extend([2, 3, 7])
    video.video.maxduration, video.video.w, video.video.h = 30, 640, 360
    request.imp.add(id="4").native.request = '{"assets":[{"id":1,"required":1,"title":{"len":90}}]}'
    if lifecycle == artf.LIFECYCLE_DSP_BID_RESPONSE:
        ask.bid_response.id, ask.bid_response.cur = request.id, "USD"
        seat = ask.bid_response.seatbid.add(seat="seat-1")
        seat.bid.add(id="b-1", impid="1", price=4.0)
        seat.bid.add(id="b-2", impid="2", price=2.5, dealid="")
    return ask


def check(ask, answer):
    """Returns what is wrong with an answer."""
    problems = []
    if answer.id != ask.id:
        problems.append(f"answers {answer.id}, asked {ask.id}")
    if answer.metadata.api_version != "1.0":
        problems.append(f"api version {answer.metadata.api_version!r}")
    applicable = set(ask.applicable_intents) or set(VALUES)
    for mutation in answer.mutations:
        if mutation.intent not in applicable:
            problems.append(f"intent {mutation.intent} was not applicable")
        if mutation.WhichOneof("value") != VALUES.get(mutation.intent):
            problems.append(f"intent {mutation.intent} carries {mutation.WhichOneof('value')}")
        if mutation.op not in (artf.OPERATION_ADD, artf.OPERATION_REMOVE, artf.OPERATION_REPLACE):
            problems.append(f"operation {mutation.op}")
        if not mutation.path.startswith("/"):
            problems.append(f"path {mutation.path!r}")
    return problems


def ready(channel):
    """Waits until the service says that it serves."""
    health = health_pb2_grpc.HealthStub(channel)
    for _ in range(600):
        try:
            told = health.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=5)
            if told.status == health_pb2.HealthCheckResponse.SERVING:
                return
        except grpc.RpcError:
            pass
        time.sleep(0.1)
    raise SystemExit("the extension point did not become ready")


def main(address, folder=None):
    channel = grpc.insecure_channel(address)
    ready(channel)
    stub = services.RTBExtensionPointStub(channel)
    told, problems, asks = {}, [], 0
    for lifecycle in LIFECYCLES:
        for intents in [[]] + [[intent] for intent in VALUES]:
            ask = build(lifecycle, intents, asks)
            answer = stub.GetMutations(ask, timeout=30)
            problems += check(ask, answer)
            for mutation in answer.mutations:
                name = artf.Intent.Name(mutation.intent)
                told[name] = told.get(name, 0) + 1
            if folder:
                place = pathlib.Path(folder)
                (place / f"{asks:02}.ask").write_bytes(ask.SerializeToString(deterministic=True))
                (place / f"{asks:02}.answer").write_bytes(answer.SerializeToString(deterministic=True))
            asks += 1
    print(json.dumps({"asks": asks, "mutations": told, "problems": problems}))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
