"""An outside agent in Python: it answers with one mutation of every intent that is applicable, made from what it was sent.

Run it with the folder of the generated modules on the path (README.md says how they are made):

    PYTHONPATH=gen python agent.py 127.0.0.1:50061
"""
import sys
from concurrent import futures

import grpc
from artf.v1 import mutation_pb2 as artf
from artf.v1 import services_pb2_grpc as services


def propose(request):
    """Yields a mutation of every intent the request gives something to work on."""
    bid_request = request.bid_request
    yield artf.Mutation(intent=artf.ACTIVATE_SEGMENTS, op=artf.OPERATION_ADD, path="/user/data/segment",
                        ids=artf.IDsPayload(id=["sports-fans"]))
    for imp in bid_request.imp:
        yield artf.Mutation(intent=artf.ACTIVATE_DEALS, op=artf.OPERATION_ADD, path=f"/imp/{imp.id}",
                            ids=artf.IDsPayload(id=["agent-deal"]))
        metric = artf.MetricsPayload()
        metric.metric.add(type="viewability", value=0.7, vendor="sports-agent")
        yield artf.Mutation(intent=artf.ADD_METRICS, op=artf.OPERATION_ADD, path=f"/imp/{imp.id}", metrics=metric)
        for deal in imp.pmp.deals:
            path = f"/imp/{imp.id}/pmp/deals/{deal.id}"
            yield artf.Mutation(intent=artf.ADJUST_DEAL_FLOOR, op=artf.OPERATION_REPLACE, path=path,
                                adjust_deal=artf.AdjustDealPayload(bidfloor=deal.bidfloor * 1.2 + 0.1))
            margin = artf.Margin(value=5.0, calculation_type=artf.Margin.PERCENT)
            yield artf.Mutation(intent=artf.ADJUST_DEAL_MARGIN, op=artf.OPERATION_REPLACE, path=path,
                                adjust_deal=artf.AdjustDealPayload(margin=margin))
        if len(imp.pmp.deals) > 1:
            yield artf.Mutation(intent=artf.SUPPRESS_DEALS, op=artf.OPERATION_REMOVE, path=f"/imp/{imp.id}",
                                ids=artf.IDsPayload(id=[imp.pmp.deals[-1].id]))
    content = artf.DataPayload()
    source = content.data.add(name="sports-agent")
    source.ext.cids.append("match-1")
    yield artf.Mutation(intent=artf.ADD_CIDS, op=artf.OPERATION_ADD, path="/site/content", content_data=content)
    for seat in request.bid_response.seatbid:
        for bid in seat.bid:
            yield artf.Mutation(intent=artf.BID_SHADE, op=artf.OPERATION_REPLACE,
                                path=f"/seatbid/{seat.seat}/bid/{bid.id}",
                                adjust_bid=artf.AdjustBidPayload(price=bid.price * 0.9))


class Agent(services.RTBExtensionPointServicer):
    """Answers within one process what any host asks."""

    def GetMutations(self, request, context):
        applicable = set(request.applicable_intents)
        mutations = [m for m in propose(request) if not applicable or m.intent in applicable]
        metadata = artf.Metadata(api_version="1.0", model_version="sports-python-1")
        return artf.RTBResponse(id=request.id, mutations=mutations, metadata=metadata)


def main(listen):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    services.add_RTBExtensionPointServicer_to_server(Agent(), server)
    port = server.add_insecure_port(listen)
    server.start()
    print(f"listening on {listen.rsplit(':', 1)[0]}:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50061")
