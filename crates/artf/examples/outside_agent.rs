//! An outside agent in a few lines: it activates a segment where content is about sports, and shades every bid by a tenth.
//!
//! `cargo run -p motet-artf --example outside_agent -- 127.0.0.1:50061`, then name it in a server's configuration:
//! `[[artf.agents]]` with `endpoint = "http://127.0.0.1:50061"` and `intents = ["activate_segments", "bid_shade"]`.

use motet_artf::proto::{
    artf::{
        AdjustBidPayload, IDsPayload, Intent, Metadata, Mutation, Operation, RtbRequest, RtbResponse,
        mutation::Value,
    },
    openrtb::{BidRequest, bid_request::DistributionchannelOneof::Site},
    services::rtb_extension_point_server::{RtbExtensionPoint, RtbExtensionPointServer},
};
use motet_artf::{IntentSet, views::offers};
use tonic::{Request, Response, Status, transport::Server};

struct SportsAgent;

#[tonic::async_trait]
impl RtbExtensionPoint for SportsAgent {
    async fn get_mutations(&self, request: Request<RtbRequest>) -> Result<Response<RtbResponse>, Status> {
        let request = request.into_inner();
        let mut mutations = Vec::new();
        if request.bid_request.as_ref().is_some_and(is_sports) {
            let value = Value::Ids(IDsPayload { id: vec!["sports-fans".to_owned()] });
            mutations.push(propose(
                Intent::ActivateSegments,
                Operation::Add,
                "/user/data/segment".to_owned(),
                value,
            ));
        }
        for bid in request.bid_response.iter().flat_map(offers) {
            let path = format!("/seatbid/{}/bid/{}", bid.seat, bid.id);
            let value = Value::AdjustBid(AdjustBidPayload { price: bid.price * 0.9 });
            mutations.push(propose(Intent::BidShade, Operation::Replace, path, value));
        }
        let applicable = IntentSet::applicable(&request.applicable_intents);
        mutations.retain(|mutation| applicable.has(mutation.intent()));
        let metadata = Metadata { api_version: "1.0".to_owned(), model_version: "sports-1".to_owned() };
        Ok(Response::new(RtbResponse { id: request.id, mutations, metadata: Some(metadata) }))
    }
}

/// Sports is 483 in the Content Taxonomy 3.x, soccer 533.
fn is_sports(request: &BidRequest) -> bool {
    let Some(Site(site)) = &request.distributionchannel_oneof else { return false };
    site.content
        .iter()
        .flat_map(|content| &content.cat)
        .any(|category| category == "483" || category == "533")
}

fn propose(intent: Intent, op: Operation, path: String, value: Value) -> Mutation {
    Mutation { intent: intent.into(), op: op.into(), path, value: Some(value) }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:50061".to_owned());
    println!("listening on {listen}");
    Ok(Server::builder()
        .add_service(RtbExtensionPointServer::new(SportsAgent))
        .serve(listen.parse()?)
        .await?)
}
