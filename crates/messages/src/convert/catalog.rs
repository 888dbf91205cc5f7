//! Changes to the catalog.

use motet_model::{
    campaign::{
        Advertiser, BrandSafety, Budget, Campaign, Content, Creative, Flight, FrequencyCap, Goal, ImageFile,
        MediaFile, NativeContent, Pacing, Risk, SensitiveTopic, Status, TimedContent, UnknownUser,
    },
    catalog::{Change, Switch},
    targeting::{Daypart, Place, Targeting},
};

use crate::{
    Error,
    proto::{self, change, creative, goal, switch},
    wire::{Wire, chosen, names, need, records},
};

names! {
    Status { Active, Paused }
    Risk { None, Low, Medium, High, Floor }
    SensitiveTopic {
        Adult, Arms, Crime, Death, Piracy, Hate, Obscenity, Drugs, Spam, Terrorism, SocialIssues
    }
    Pacing { Even, Asap, FrontLoaded }
    UnknownUser { Serve, Skip }
}

records! {
    Advertiser => Advertiser {
        [id, name, seat, blocked_publishers, blocked_content, status]
        []
        [brand_safety]
    }
    BrandSafety => BrandSafety { [most, topics] [] [] }
    Campaign => Campaign {
        [id, advertiser, name, status, pacing, frequency]
        [most_cpm: most_cpm_micros]
        [budget, goal, flight, targeting]
    }
    Budget => Budget { [] [total: total_nanos, daily: daily_nanos] [] }
    Flight => Flight { [] [start: start_us, end: end_us, utc_offset: utc_offset_us] [] }
    FrequencyCap => FrequencyCap { [impressions, unknown_user] [per: per_us] [] }
    Targeting => Targeting {
        [
            places, excluded_places, devices, systems, languages, channels, categories, excluded_categories,
            segments, excluded_segments, keywords, publishers, deals, dayparts
        ]
        []
        []
    }
    Place => Place { [country, region, city] [] [] }
    Daypart => Daypart { [days, from_hour, to_hour] [] [] }
    TimedContent => TimedContent { [duration_s, files] [] [] }
    MediaFile => MediaFile { [url, size, bitrate_kbps] [mime: mimes] [] }
    NativeContent => NativeContent { [title, icon, image, texts] [] [] }
    ImageFile => ImageFile { [url] [] [size] }
}

impl Wire<proto::TopicRisk> for (SensitiveTopic, Risk) {
    fn put(&self) -> proto::TopicRisk {
        proto::TopicRisk { topic: self.0.put(), most: self.1.put() }
    }

    fn take(wire: proto::TopicRisk, _: &'static str) -> Result<Self, Error> {
        Ok((Wire::take(wire.topic, "TopicRisk.topic")?, Wire::take(wire.most, "TopicRisk.most")?))
    }
}

impl Wire<proto::NativeText> for (u16, String) {
    fn put(&self) -> proto::NativeText {
        proto::NativeText { kind: self.0.put(), text: self.1.clone() }
    }

    fn take(wire: proto::NativeText, _: &'static str) -> Result<Self, Error> {
        Ok((Wire::take(wire.kind, "NativeText.kind")?, wire.text))
    }
}

impl Wire<proto::Goal> for Goal {
    fn put(&self) -> proto::Goal {
        let goal = match self {
            Self::Cpm { price } => goal::Goal::CpmMicros(price.put()),
            Self::Cpc { click } => goal::Goal::ClickNanos(click.put()),
            Self::Cpa { conversion } => goal::Goal::ConversionNanos(conversion.put()),
            Self::TargetRoas { sale, return_millis } => goal::Goal::TargetRoas(goal::TargetRoas {
                sale_nanos: sale.put(),
                return_millis: *return_millis,
            }),
        };
        proto::Goal { goal: Some(goal) }
    }

    fn take(wire: proto::Goal, _: &'static str) -> Result<Self, Error> {
        Ok(match chosen(wire.goal, "Goal.goal")? {
            goal::Goal::CpmMicros(price) => Self::Cpm { price: Wire::take(price, "Goal.cpm_micros")? },
            goal::Goal::ClickNanos(click) => Self::Cpc { click: Wire::take(click, "Goal.click_nanos")? },
            goal::Goal::ConversionNanos(conversion) => {
                Self::Cpa { conversion: Wire::take(conversion, "Goal.conversion_nanos")? }
            }
            goal::Goal::TargetRoas(roas) => Self::TargetRoas {
                sale: Wire::take(roas.sale_nanos, "Goal.TargetRoas.sale_nanos")?,
                return_millis: roas.return_millis,
            },
        })
    }
}

impl Wire<proto::Creative> for Creative {
    fn put(&self) -> proto::Creative {
        let content = match &self.content {
            Content::Html { size, markup } => {
                creative::Content::Html(proto::Html { size: Some(size.put()), markup: markup.clone() })
            }
            Content::Image { size, url, mime } => creative::Content::Image(proto::Image {
                size: Some(size.put()),
                url: url.clone(),
                mimes: mime.put(),
            }),
            Content::Video(video) => creative::Content::Video(video.put()),
            Content::Audio(audio) => creative::Content::Audio(audio.put()),
            Content::Native(native) => creative::Content::Native(native.put()),
        };
        proto::Creative {
            id: self.id.clone(),
            campaign: self.campaign.clone(),
            status: self.status.put(),
            domains: self.domains.clone(),
            bundle: self.bundle.clone(),
            categories: self.categories.put(),
            attributes: self.attributes.put(),
            language: self.language.put(),
            landing_page: self.landing_page.clone(),
            content: Some(content),
        }
    }

    fn take(wire: proto::Creative, _: &'static str) -> Result<Self, Error> {
        let content = match chosen(wire.content, "Creative.content")? {
            creative::Content::Html(html) => {
                Content::Html { size: need(html.size, "Html.size")?, markup: html.markup }
            }
            creative::Content::Image(image) => Content::Image {
                size: need(image.size, "Image.size")?,
                url: image.url,
                mime: Wire::take(image.mimes, "Image.mimes")?,
            },
            creative::Content::Video(video) => Content::Video(Wire::take(video, "Creative.video")?),
            creative::Content::Audio(audio) => Content::Audio(Wire::take(audio, "Creative.audio")?),
            creative::Content::Native(native) => Content::Native(Wire::take(native, "Creative.native")?),
        };
        Ok(Self {
            id: wire.id,
            campaign: wire.campaign,
            status: Wire::take(wire.status, "Creative.status")?,
            domains: wire.domains,
            bundle: wire.bundle,
            categories: Wire::take(wire.categories, "Creative.categories")?,
            attributes: Wire::take(wire.attributes, "Creative.attributes")?,
            language: Wire::take(wire.language, "Creative.language")?,
            landing_page: wire.landing_page,
            content,
        })
    }
}

impl Wire<proto::Switch> for Switch {
    fn put(&self) -> proto::Switch {
        let switch = match self {
            Self::Everything => switch::Switch::Everything(switch::Everything::default()),
            Self::Advertiser(id) => switch::Switch::Advertiser(id.clone()),
            Self::Campaign(id) => switch::Switch::Campaign(id.clone()),
            Self::Creative(id) => switch::Switch::Creative(id.clone()),
            Self::Publisher(id) => switch::Switch::Publisher(id.clone()),
        };
        proto::Switch { switch: Some(switch) }
    }

    fn take(wire: proto::Switch, _: &'static str) -> Result<Self, Error> {
        Ok(match chosen(wire.switch, "Switch.switch")? {
            switch::Switch::Everything(_) => Self::Everything,
            switch::Switch::Advertiser(id) => Self::Advertiser(id),
            switch::Switch::Campaign(id) => Self::Campaign(id),
            switch::Switch::Creative(id) => Self::Creative(id),
            switch::Switch::Publisher(id) => Self::Publisher(id),
        })
    }
}

impl Wire<proto::Change> for Change {
    fn put(&self) -> proto::Change {
        let change = match self {
            Self::PutAdvertiser(advertiser) => change::Change::PutAdvertiser(advertiser.put()),
            Self::PutCampaign(campaign) => change::Change::PutCampaign(campaign.put()),
            Self::PutCreative(creative) => change::Change::PutCreative(creative.put()),
            Self::RemoveCreative(id) => change::Change::RemoveCreative(id.clone()),
            Self::RemoveCampaign(id) => change::Change::RemoveCampaign(id.clone()),
            Self::RemoveAdvertiser(id) => change::Change::RemoveAdvertiser(id.clone()),
            Self::Kill(switch) => change::Change::Kill(switch.put()),
            Self::Revive(switch) => change::Change::Revive(switch.put()),
        };
        proto::Change { change: Some(change) }
    }

    fn take(wire: proto::Change, _: &'static str) -> Result<Self, Error> {
        Ok(match chosen(wire.change, "Change.change")? {
            change::Change::PutAdvertiser(advertiser) => {
                Self::PutAdvertiser(Wire::take(advertiser, "Change.put_advertiser")?)
            }
            change::Change::PutCampaign(campaign) => {
                Self::PutCampaign(Wire::take(campaign, "Change.put_campaign")?)
            }
            change::Change::PutCreative(creative) => {
                Self::PutCreative(Wire::take(creative, "Change.put_creative")?)
            }
            change::Change::RemoveCreative(id) => Self::RemoveCreative(id),
            change::Change::RemoveCampaign(id) => Self::RemoveCampaign(id),
            change::Change::RemoveAdvertiser(id) => Self::RemoveAdvertiser(id),
            change::Change::Kill(switch) => Self::Kill(Wire::take(switch, "Change.kill")?),
            change::Change::Revive(switch) => Self::Revive(Wire::take(switch, "Change.revive")?),
        })
    }
}
