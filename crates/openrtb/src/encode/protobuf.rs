//! A bid response as Protobuf: the same response as in JSON, field by field.

use prost::Message as _;

use super::{Answer, Content, Extension, ImpReason, Response, SeatBid, WireBid};
use crate::protobuf::proto::{BidResponse, bid_response};

/// Writes the response of a decision as Protobuf, appended to `out`.
pub fn encode_protobuf(answer: &Answer<'_>, out: &mut Vec<u8>) -> Content {
    let Some(response) = Response::of(answer) else { return Content::None };
    // A Vec has room for every message.
    let written = message(response).encode(out);
    debug_assert!(written.is_ok(), "a Vec has room");
    Content::Some
}

fn message(response: Response<'_>) -> BidResponse {
    BidResponse {
        id: Some(response.id.to_owned()),
        seatbid: response.seatbid.into_iter().map(seat).collect(),
        bidid: Some(response.bidid),
        cur: Some(response.cur.to_owned()),
        nbr: response.nbr.map(i32::from),
        ext: response.ext.as_ref().map(extension),
    }
}

fn extension(extension: &Extension<'_>) -> bid_response::Ext {
    let imps = extension.motet.imps.iter().map(imp).collect();
    bid_response::Ext { motet: Some(bid_response::Motet { imps, ..Default::default() }) }
}

fn imp(reason: &ImpReason<'_>) -> bid_response::ImpReason {
    bid_response::ImpReason {
        impid: Some(reason.impid.to_owned()),
        reason: Some(reason.reason.to_owned()),
        code: Some(reason.code.into()),
        sentence: Some(reason.sentence.to_owned()),
    }
}

fn seat(seat: SeatBid<'_>) -> bid_response::SeatBid {
    bid_response::SeatBid { bid: seat.bid.into_iter().map(bid).collect(), seat: Some(seat.seat.to_owned()) }
}

/// Holds a count to what the wire's numbers hold.
fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

fn bid(bid: WireBid<'_>) -> bid_response::Bid {
    let text = |text: Option<&str>| text.map(str::to_owned);
    bid_response::Bid {
        id: Some(bid.id),
        impid: Some(bid.impid.to_owned()),
        price: Some(bid.price),
        adid: Some(bid.adid.to_owned()),
        nurl: bid.nurl,
        adm: Some(bid.adm),
        adomain: bid.adomain.to_vec(),
        cid: Some(bid.cid.to_owned()),
        crid: Some(bid.crid.to_owned()),
        attr: bid.attr.into_iter().map(i32::from).collect(),
        dealid: text(bid.dealid),
        bundle: text(bid.bundle),
        cat: bid.cat,
        w: bid.w.map(i32::from),
        h: bid.h.map(i32::from),
        protocol: bid.protocol.map(i32::from),
        exp: Some(count(bid.exp)),
        burl: bid.burl,
        lurl: bid.lurl,
        language: text(bid.language),
        cattax: bid.cattax.map(count),
        dur: bid.dur.map(count),
        mtype: Some(bid.mtype.into()),
    }
}
