//! Simulated listeners: who they are, what they open, and the OpenRTB requests an exchange would make of it.
//!
//! Each listener has a country, a language, devices and two lasting interests; what they open follows these most
//! of the time. They click what interests them, some of what they click converts, and a few are robots. All of it
//! is drawn from one seed by number, so a run can be made again.

use motet_units::{Chance, Stream};
use serde_json::{Value, json};

/// How many listeners there are.
const LISTENERS: u64 = 5_000;

/// A kind of content, with its category in the Content Taxonomy 1.0 and words that go with it.
struct Topic {
    name: &'static str,
    category: &'static str,
    keywords: &'static str,
}

const TOPICS: [Topic; 8] = [
    Topic { name: "football", category: "IAB17-44", keywords: "football,league,match" },
    Topic { name: "cooking", category: "IAB8", keywords: "recipes,dinner,baking" },
    Topic { name: "travel", category: "IAB20", keywords: "holidays,flights,hotels" },
    Topic { name: "cars", category: "IAB2", keywords: "cars,electric,driving" },
    Topic { name: "music", category: "IAB1-6", keywords: "music,indie,concert" },
    Topic { name: "technology", category: "IAB19", keywords: "phones,laptops,gadgets" },
    Topic { name: "finance", category: "IAB13", keywords: "saving,markets,mortgage" },
    Topic { name: "fitness", category: "IAB7-18", keywords: "running,gym,health" },
];

const COUNTRIES: [(&str, &str, &str); 4] =
    [("GBR", "ENG", "en"), ("GBR", "SCT", "en"), ("DEU", "BE", "de"), ("USA", "CA", "en")];

const BROWSERS: [(&str, u8, &str); 3] = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
        2,
        "Windows",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        4,
        "iOS",
    ),
    (
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
        4,
        "Android",
    ),
];

const ROBOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

/// What a listener's slot takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Audio,
    Banner,
    Video,
    Native,
}

/// One visit: the request it makes, and how the listener takes what is shown.
#[derive(Debug)]
pub(crate) struct Visit {
    /// The OpenRTB request.
    pub(crate) request: Value,
    /// How this visit turns out.
    pub(crate) mood: Mood,
}

/// How a visit turns out.
#[derive(Clone, Debug)]
pub(crate) struct Mood {
    draw: Stream,
    /// The highest bid of the outside market, as CPM in US dollars.
    pub(crate) rival_cpm: f64,
    /// The chance of a click on an ad.
    pub(crate) click_rate: f64,
}

impl Mood {
    /// Draws whether the listener clicks.
    pub(crate) fn clicks(&mut self) -> bool {
        self.draw.unit() < self.click_rate
    }

    /// Draws whether a click converts.
    pub(crate) fn converts(&mut self) -> bool {
        self.draw.unit() < 0.08
    }
}

/// Makes visit number `number` of a seed's world.
pub(crate) fn visit(seed: u64, number: u64) -> Visit {
    let mut draw = Chance::new(seed, number).stream("visit");
    let listener = draw.below(LISTENERS);
    let mut traits = Chance::new(seed, listener).stream("listener");
    let home = COUNTRIES[traits.below(4) as usize];
    let browser = BROWSERS[traits.below(3) as usize];
    let interests = [traits.below(8) as usize, traits.below(8) as usize];
    let topic = if draw.unit() < 0.7 { interests[draw.below(2) as usize] } else { draw.below(8) as usize };
    let robot = draw.unit() < 0.02;
    let slot = match draw.below(10) {
        0..=3 => Slot::Audio,
        4..=7 => Slot::Banner,
        8 => Slot::Video,
        _ => Slot::Native,
    };
    let request =
        request(number, &mut draw, &Person { listener, home, browser, robot }, &TOPICS[topic], slot);
    // The outside market is log-normal around 1.60, which is the shape real landing prices have.
    let normal = (0..12).map(|_| draw.unit()).sum::<f64>() - 6.0;
    let rival_cpm = 1.6 * (0.6 * normal).exp();
    let click_rate = if robot {
        0.3
    } else if interests.contains(&topic) {
        0.03
    } else {
        0.008
    };
    Visit { request, mood: Mood { draw, rival_cpm, click_rate } }
}

struct Person {
    listener: u64,
    home: (&'static str, &'static str, &'static str),
    browser: (&'static str, u8, &'static str),
    robot: bool,
}

fn request(number: u64, draw: &mut Stream, person: &Person, topic: &Topic, slot: Slot) -> Value {
    let (country, region, language) = person.home;
    let floor = (0.1 + 0.6 * draw.unit() * 100.0).round() / 100.0;
    let mut imp = json!({"id": "1", "secure": 1, "bidfloor": floor, "bidfloorcur": "USD", "tagid": format!("{slot:?}").to_lowercase()});
    match slot {
        Slot::Audio => {
            imp["audio"] = json!({"mimes": ["audio/mpeg", "audio/mp4"], "minduration": 5, "maxduration": 60, "protocols": [2, 3, 7, 11, 13], "feed": 5});
        }
        Slot::Banner => {
            imp["banner"] =
                json!({"format": [{"w": 300, "h": 250}, {"w": 728, "h": 90}, {"w": 320, "h": 50}], "pos": 1});
        }
        Slot::Video => {
            imp["video"] = json!({"mimes": ["video/mp4"], "minduration": 5, "maxduration": 30, "w": 640, "h": 360, "protocols": [2, 3, 7, 11, 13]});
        }
        Slot::Native => {
            let native = json!({"native": {"ver": "1.2", "assets": [
                {"id": 1, "required": 1, "title": {"len": 90}},
                {"id": 2, "required": 0, "img": {"type": 3, "wmin": 300, "hmin": 157}},
                {"id": 3, "required": 0, "data": {"type": 2, "len": 140}}]}});
            imp["native"] = json!({"ver": "1.2", "request": native.to_string()});
        }
    }
    let (user_agent, device_type, os) = person.browser;
    let user_agent = if person.robot { ROBOT } else { user_agent };
    let mut request = json!({
        "id": format!("visit-{number}"),
        "at": if draw.unit() < 0.7 { 1 } else { 2 },
        "tmax": 120,
        "cur": ["USD"],
        "imp": [imp],
        "bcat": ["IAB25", "IAB26"],
        "badv": ["blocked.example"],
        "device": {
            "ua": user_agent, "devicetype": device_type, "os": os, "language": language,
            "ip": format!("82.{}.{}.{}", 10 + person.listener / 250 % 100, person.listener % 250, 1 + number % 250),
            "geo": {"country": country, "region": region},
        },
        "user": {"id": format!("listener-{}", person.listener), "data": [{"name": "demo", "segment": [{"id": topic.name}]}]},
        "regs": {"coppa": 0, "ext": {"gdpr": 0}},
        "source": {"tid": format!("t-{number}")},
    });
    let site = draw.below(40);
    let content = json!({"cat": [topic.category], "keywords": topic.keywords, "language": language, "title": format!("The {} hour", topic.name)});
    let publisher = json!({"id": format!("pub-{}", site % 8), "name": "Demo publisher"});
    if slot == Slot::Audio {
        request["app"] = json!({"id": "radio-app", "bundle": format!("example.radio{}", site % 4), "cat": [topic.category], "publisher": publisher, "content": content});
    } else {
        request["site"] = json!({"id": format!("site-{site}"), "domain": format!("{}-{site}.example", topic.name), "page": format!("https://{}-{site}.example/a/{}", topic.name, number % 90), "cat": [topic.category], "publisher": publisher, "content": content});
    }
    request
}
