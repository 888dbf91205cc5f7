//! A bid request on the wire as OpenRTB's JSON, so that hosts' requests are read by the same code as exchanges' are.
//!
//! Flags are bools in Protobuf and 0 or 1 in JSON. Only what the reader of requests looks at is written; identifiers of the
//! user are among it, since that reader is where they are turned into a key or dropped.

use serde_json::{Map, Value, json};

use crate::proto::openrtb::{
    BidRequest,
    bid_request::{
        self as wire, App, Audio, Banner, Content, Data, Device, DistributionchannelOneof, Dooh, Geo, Imp,
        Native, Pmp, Publisher, Regs, Site, Source, User, UserAgent, Video,
    },
};

/// Builds a JSON object field by field; what is not said is left out.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }

    /// A flag: 0 or 1.
    fn flag(self, name: &str, value: Option<bool>) -> Self {
        self.put(name, value.map(i32::from))
    }

    fn list<T: Clone + Into<Value>>(self, name: &str, values: &[T]) -> Self {
        self.put(name, (!values.is_empty()).then(|| values.to_vec()))
    }

    fn each<T>(self, name: &str, values: &[T], write: impl Fn(&T) -> Value) -> Self {
        self.put(name, (!values.is_empty()).then(|| values.iter().map(write).collect::<Vec<Value>>()))
    }

    fn within<T>(self, name: &str, value: Option<&T>, write: impl Fn(&T) -> Value) -> Self {
        self.put(name, value.map(write))
    }

    fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// Writes a bid request.
pub fn bid_request(request: &BidRequest) -> Value {
    let mut object = Object::default()
        .put("id", request.id.clone())
        .each("imp", &request.imp, imp)
        .within("device", request.device.as_ref(), device)
        .within("user", request.user.as_ref(), user)
        .flag("test", request.test)
        .put("at", request.at)
        .put("tmax", request.tmax)
        .list("wseat", &request.wseat)
        .list("bseat", &request.bseat)
        .list("cur", &request.cur)
        .list("wlang", &request.wlang)
        .list("wlangb", &request.wlangb)
        .list("acat", &request.acat)
        .list("bcat", &request.bcat)
        .put("cattax", request.cattax)
        .list("badv", &request.badv)
        .list("bapp", &request.bapp)
        .within("source", request.source.as_ref(), source)
        .within("regs", request.regs.as_ref(), regs);
    object = match &request.distributionchannel_oneof {
        None => object,
        Some(DistributionchannelOneof::Site(one)) => object.put("site", Some(site(one))),
        Some(DistributionchannelOneof::App(one)) => object.put("app", Some(app(one))),
        Some(DistributionchannelOneof::Dooh(one)) => object.put("dooh", Some(dooh(one))),
    };
    object.done()
}

fn imp(imp: &Imp) -> Value {
    Object::default()
        .put("id", imp.id.clone())
        .each(
            "metric",
            &imp.metric,
            |metric| json!({ "type": metric.r#type(), "value": metric.value(), "vendor": metric.vendor() }),
        )
        .within("banner", imp.banner.as_ref(), banner)
        .within("video", imp.video.as_ref(), video)
        .within("audio", imp.audio.as_ref(), audio)
        .within("native", imp.native.as_ref(), native)
        .within("pmp", imp.pmp.as_ref(), pmp)
        .flag("instl", imp.instl)
        .put("tagid", imp.tagid.clone())
        .put("bidfloor", imp.bidfloor)
        .put("bidfloorcur", imp.bidfloorcur.clone())
        .flag("secure", imp.secure)
        .flag("rwdd", imp.rwdd)
        .put("exp", imp.exp)
        .within("qty", imp.qty.as_ref(), |qty| json!({ "multiplier": qty.multiplier() }))
        .done()
}

fn banner(banner: &Banner) -> Value {
    Object::default()
        .put("w", banner.w)
        .put("h", banner.h)
        .each("format", &banner.format, |format| {
            Object::default().put("w", format.w).put("h", format.h).done()
        })
        .list("battr", &banner.battr)
        .list("mimes", &banner.mimes)
        .put("pos", banner.pos)
        .done()
}

fn durfloors(floor: &wire::DurFloors) -> Value {
    Object::default()
        .put("mindur", floor.mindur)
        .put("maxdur", floor.maxdur)
        .put("bidfloor", floor.bidfloor)
        .done()
}

fn video(video: &Video) -> Value {
    Object::default()
        .list("mimes", &video.mimes)
        .put("minduration", video.minduration)
        .put("maxduration", video.maxduration)
        .list("rqddurs", &video.rqddurs)
        .list("protocols", &video.protocols)
        .put("w", video.w)
        .put("h", video.h)
        .put("linearity", video.linearity)
        .list("battr", &video.battr)
        .put("pos", video.pos)
        .put("mincpmpersec", video.mincpmpersec)
        .each("durfloors", &video.durfloors, durfloors)
        .done()
}

fn audio(audio: &Audio) -> Value {
    Object::default()
        .list("mimes", &audio.mimes)
        .put("minduration", audio.minduration)
        .put("maxduration", audio.maxduration)
        .list("rqddurs", &audio.rqddurs)
        .list("protocols", &audio.protocols)
        .list("battr", &audio.battr)
        .put("mincpmpersec", audio.mincpmpersec)
        .each("durfloors", &audio.durfloors, durfloors)
        .done()
}

fn native(native: &Native) -> Value {
    Object::default()
        .put("request", native.request.clone())
        .put("ver", native.ver.clone())
        .list("battr", &native.battr)
        .done()
}

fn pmp(pmp: &Pmp) -> Value {
    let deal = |deal: &wire::Deal| {
        Object::default()
            .put("id", deal.id.clone())
            .put("bidfloor", deal.bidfloor)
            .put("bidfloorcur", deal.bidfloorcur.clone())
            .put("at", deal.at)
            .list("wseat", &deal.wseat)
            .list("wadomain", &deal.wadomain)
            .done()
    };
    Object::default().flag("private_auction", pmp.private_auction).each("deals", &pmp.deals, deal).done()
}

fn site(site: &Site) -> Value {
    Object::default()
        .put("id", site.id.clone())
        .put("name", site.name.clone())
        .put("domain", site.domain.clone())
        .put("cattax", site.cattax)
        .list("cat", &site.cat)
        .list("sectioncat", &site.sectioncat)
        .list("pagecat", &site.pagecat)
        .put("page", site.page.clone())
        .put("keywords", site.keywords.clone())
        .list("kwarray", &site.kwarray)
        .within("publisher", site.publisher.as_ref(), publisher)
        .within("content", site.content.as_ref(), content)
        .done()
}

fn app(app: &App) -> Value {
    Object::default()
        .put("id", app.id.clone())
        .put("name", app.name.clone())
        .put("bundle", app.bundle.clone())
        .put("domain", app.domain.clone())
        .put("cattax", app.cattax)
        .list("cat", &app.cat)
        .list("sectioncat", &app.sectioncat)
        .list("pagecat", &app.pagecat)
        .put("keywords", app.keywords.clone())
        .list("kwarray", &app.kwarray)
        .within("publisher", app.publisher.as_ref(), publisher)
        .within("content", app.content.as_ref(), content)
        .done()
}

fn dooh(dooh: &Dooh) -> Value {
    Object::default()
        .put("id", dooh.id.clone())
        .put("name", dooh.name.clone())
        .put("domain", dooh.domain.clone())
        .put("keywords", dooh.keywords.clone())
        .within("publisher", dooh.publisher.as_ref(), publisher)
        .within("content", dooh.content.as_ref(), content)
        .done()
}

fn publisher(publisher: &Publisher) -> Value {
    Object::default()
        .put("id", publisher.id.clone())
        .put("name", publisher.name.clone())
        .put("domain", publisher.domain.clone())
        .put("cattax", publisher.cattax)
        .list("cat", &publisher.cat)
        .done()
}

fn content(content: &Content) -> Value {
    Object::default()
        .put("id", content.id.clone())
        .put("title", content.title.clone())
        .put("url", content.url.clone())
        .put("cattax", content.cattax)
        .list("cat", &content.cat)
        .put("keywords", content.keywords.clone())
        .list("kwarray", &content.kwarray)
        .put("language", content.language.clone())
        .put("langb", content.langb.clone())
        .put("contentrating", content.contentrating.clone())
        .put("qagmediarating", content.qagmediarating)
        .each("data", &content.data, data)
        .done()
}

fn data(data: &Data) -> Value {
    Object::default()
        .put("id", data.id.clone())
        .put("name", data.name.clone())
        .each("segment", &data.segment, |segment| {
            Object::default()
                .put("id", segment.id.clone())
                .put("name", segment.name.clone())
                .put("value", segment.value.clone())
                .done()
        })
        .done()
}

fn device(device: &Device) -> Value {
    Object::default()
        .flag("dnt", device.dnt)
        .flag("lmt", device.lmt)
        .put("ua", device.ua.clone())
        .within("sua", device.sua.as_ref(), user_agent)
        .put("ip", device.ip.clone())
        .put("ipv6", device.ipv6.clone())
        .within("geo", device.geo.as_ref(), geo)
        .put("devicetype", device.devicetype)
        .put("make", device.make.clone())
        .put("model", device.model.clone())
        .put("os", device.os.clone())
        .put("osv", device.osv.clone())
        .put("w", device.w)
        .put("h", device.h)
        .put("language", device.language.clone())
        .put("langb", device.langb.clone())
        .put("ifa", device.ifa.clone())
        .done()
}

fn user_agent(agent: &UserAgent) -> Value {
    let brand = |brand: &wire::BrandVersion| {
        Object::default().put("brand", brand.brand.clone()).list("version", &brand.version).done()
    };
    Object::default()
        .each("browsers", &agent.browsers, brand)
        .within("platform", agent.platform.as_ref(), brand)
        .flag("mobile", agent.mobile)
        .done()
}

fn geo(geo: &Geo) -> Value {
    Object::default()
        .put("country", geo.country.clone())
        .put("region", geo.region.clone())
        .put("city", geo.city.clone())
        .put("utcoffset", geo.utcoffset)
        .done()
}

fn user(user: &User) -> Value {
    let uid =
        |uid: &wire::eid::Uid| Object::default().put("id", uid.id.clone()).put("atype", uid.atype).done();
    let eid = |eid: &wire::Eid| {
        Object::default().put("source", eid.source.clone()).each("uids", &eid.uids, uid).done()
    };
    Object::default()
        .put("id", user.id.clone())
        .put("buyeruid", user.buyeruid.clone())
        .put("yob", user.yob)
        .put("keywords", user.keywords.clone())
        .list("kwarray", &user.kwarray)
        .put("consent", user.consent.clone())
        .within("geo", user.geo.as_ref(), geo)
        .each("data", &user.data, data)
        .each("eids", &user.eids, eid)
        .done()
}

fn regs(regs: &Regs) -> Value {
    Object::default()
        .flag("coppa", regs.coppa)
        .flag("gdpr", regs.gdpr)
        .put("us_privacy", regs.us_privacy.clone())
        .put("gpp", regs.gpp.clone())
        .list("gpp_sid", &regs.gpp_sid)
        .done()
}

fn source(source: &Source) -> Value {
    let node = |node: &wire::SupplyChainNode| {
        Object::default()
            .put("asi", node.asi.clone())
            .put("sid", node.sid.clone())
            .put("domain", node.domain.clone())
            .flag("hp", node.hp)
            .done()
    };
    let chain = |chain: &wire::SupplyChain| {
        Object::default()
            .flag("complete", chain.complete)
            .each("nodes", &chain.nodes, node)
            .put("ver", chain.ver.clone())
            .done()
    };
    Object::default()
        .flag("fd", source.fd)
        .put("tid", source.tid.clone())
        .within("schain", source.schain.as_ref(), chain)
        .done()
}
