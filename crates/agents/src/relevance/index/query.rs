//! A request turned into a query over the index, read block by block.
//!
//! A query is a list of conditions; a slot answers it when each `Keep` condition holds it and no `Drop` one does.
//! Conditions never leave out an ad that the exact rules would admit; what they let through is checked exactly.

use motet_agent::Restraint;
use motet_model::{
    request::{Access, AdRequest, Imp, MediaKind, Security},
    targeting::Ancestors,
};
use motet_units::Timestamp;
use smallvec::SmallVec;

use super::{
    Index,
    bits::{Bits, Block, Cursor, Posting, WORDS},
    terms::{self, Dim, OPEN, Term, WISHES, Wish, number, text, with_ancestors},
};

/// What a condition does with the slots it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    Keep,
    Drop,
}

/// One condition: the union of some sets.
#[derive(Clone, Debug)]
struct Condition<'a> {
    sense: Sense,
    bits: SmallVec<[&'a Bits; 4]>,
    lists: SmallVec<[Cursor<'a>; 2]>,
}

impl<'a> Condition<'a> {
    fn new(sense: Sense) -> Self {
        Self { sense, bits: SmallVec::new(), lists: SmallVec::new() }
    }

    fn is_empty(&self) -> bool {
        self.bits.is_empty() && self.lists.is_empty()
    }

    fn add(&mut self, posting: Option<&'a Posting>) {
        match posting {
            Some(Posting::Common(bits)) => self.bits.push(bits),
            Some(Posting::Rare(list)) if !list.is_empty() => self.lists.push(Cursor::new(list)),
            _ => {}
        }
    }

    fn apply(&mut self, block: u32, to: &mut Block) {
        // One set of bits is the usual case and needs no union.
        if let ([bits], []) = (&*self.bits, &*self.lists) {
            return apply_bits(self.sense, bits.block(block), to);
        }
        let mut union = [0; WORDS];
        for held in self.bits.iter().filter_map(|bits| bits.block(block)) {
            union.iter_mut().zip(held).for_each(|(u, h)| *u |= h);
        }
        self.lists.iter_mut().for_each(|cursor| cursor.add_to(block, &mut union));
        apply_bits(self.sense, Some(&union), to);
    }
}

fn apply_bits(sense: Sense, held: Option<&Block>, to: &mut Block) {
    match (sense, held) {
        (Sense::Keep, Some(held)) => to.iter_mut().zip(held).for_each(|(t, h)| *t &= h),
        (Sense::Keep, None) => *to = [0; WORDS],
        (Sense::Drop, Some(held)) => to.iter_mut().zip(held).for_each(|(t, h)| *t &= !h),
        (Sense::Drop, None) => {}
    }
}

/// Who is asked for, beside the request itself.
#[derive(Clone, Copy, Debug)]
pub(in crate::relevance) struct Asked<'a> {
    pub(in crate::relevance) request: &'a AdRequest,
    pub(in crate::relevance) now: Timestamp,
    pub(in crate::relevance) restraints: &'a [Restraint],
    /// Whether the user can be counted.
    pub(in crate::relevance) user: Counted,
    pub(in crate::relevance) parent: Ancestors,
}

/// Whether a user's impressions can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::relevance) enum Counted {
    Yes,
    No,
}

/// A query over the index.
#[derive(Clone, Debug)]
pub(in crate::relevance) struct Query<'a> {
    base: &'a Bits,
    conditions: SmallVec<[Condition<'a>; 24]>,
    hopeless: bool,
    /// Blocks worked out lately, each in the place its number gives: a search from a random slot comes back to them.
    lately: [Option<(u32, Option<Block>)>; LATELY],
}

/// How many blocks are kept at hand.
const LATELY: usize = 4;

impl<'a> Query<'a> {
    fn over(base: &'a Bits) -> Self {
        Self { base, conditions: SmallVec::new(), hopeless: false, lately: [None; LATELY] }
    }

    fn keep(&mut self, condition: Condition<'a>) {
        self.hopeless |= condition.is_empty();
        self.conditions.push(condition);
    }

    fn drop(&mut self, condition: Condition<'a>) {
        if !condition.is_empty() {
            self.conditions.push(condition);
        }
    }

    /// Returns the slots of a block that answer.
    pub(super) fn block(&mut self, block: u32) -> Option<Block> {
        let place = block as usize % LATELY;
        if let Some((_, answer)) = self.lately[place].filter(|(known, _)| *known == block) {
            return answer;
        }
        let answer = self.work_out(block);
        self.lately[place] = Some((block, answer));
        answer
    }

    fn work_out(&mut self, block: u32) -> Option<Block> {
        let mut answer = *self.base.block(block)?;
        for condition in &mut self.conditions {
            if answer.iter().fold(0, |any, word| any | word) == 0 {
                return None;
            }
            condition.apply(block, &mut answer);
        }
        Some(answer)
    }

    pub(super) const fn is_hopeless(&self) -> bool {
        self.hopeless
    }
}

impl Index {
    fn posting(&self, term: Term) -> Option<&Posting> {
        self.serving.posting(self.files.number(term)?)
    }

    fn union(&self, sense: Sense, terms: impl Iterator<Item = Term>) -> Condition<'_> {
        let mut condition = Condition::new(sense);
        terms.for_each(|term| condition.add(self.posting(term)));
        condition
    }

    /// Asks who could be shown for one imp.
    pub(in crate::relevance) fn query<'a>(&'a self, asked: &Asked<'a>, imp: &'a Imp) -> Query<'a> {
        let mut query = Query::over(self.serving.live());
        self.ask_media(&mut query, asked, imp);
        self.ask_targeting(&mut query, asked);
        self.ask_blocks(&mut query, asked);
        self.ask_restraints(&mut query, asked.restraints);
        if asked.user == Counted::No {
            query.drop(only(self.serving.needs_user()));
        }
        query
    }

    /// Asks whose targeting admits the request, with or without budget: for explaining, not for showing.
    pub(in crate::relevance) fn query_targeting<'a>(&'a self, asked: &Asked<'a>) -> Query<'a> {
        let mut query = Query::over(self.serving.present());
        self.ask_targeting(&mut query, asked);
        query
    }

    fn ask_media<'a>(&'a self, query: &mut Query<'a>, asked: &Asked<'a>, imp: &'a Imp) {
        let mut taken = Condition::new(Sense::Keep);
        let any = |kind: MediaKind| self.posting(number(Dim::Kind, kind as u64));
        match &imp.media.banner {
            Some(banner) if banner.sizes.is_empty() => taken.add(any(MediaKind::Banner)),
            Some(banner) => banner.sizes.iter().for_each(|s| taken.add(self.posting(terms::size(*s)))),
            None => {}
        }
        for (kind, slot) in [(MediaKind::Video, &imp.media.video), (MediaKind::Audio, &imp.media.audio)] {
            let Some(slot) = slot else { continue };
            let admitted =
                self.files.durations().iter().filter(|(k, s)| *k == kind && slot.durations.admits(*s));
            admitted.for_each(|(k, s)| taken.add(self.posting(terms::duration(*k, *s))));
        }
        if imp.media.native.is_some() {
            taken.add(any(MediaKind::Native));
        }
        query.keep(taken);
        let open = (imp.access == Access::Open).then(|| number(Dim::Deal, OPEN));
        let deals = imp.deals.iter().map(|deal| text(Dim::Deal, &deal.id));
        query.keep(self.union(Sense::Keep, open.into_iter().chain(deals)));
        if imp.secure == Security::HttpsOnly {
            query.keep(self.union(Sense::Keep, std::iter::once(number(Dim::Secure, 0))));
        }
        let languages = &asked.request.languages;
        if !languages.is_empty() {
            self.ask_wish(
                query,
                Wish::AdLanguage,
                languages.iter().map(|l| wished(Wish::AdLanguage, l.as_str())),
            );
        }
    }

    /// Keeps who wishes for nothing, or for one of these.
    fn ask_wish<'a>(&'a self, query: &mut Query<'a>, wish: Wish, terms: impl Iterator<Item = Term>) {
        let Some(easy) = self.serving.easy(wish) else { return };
        let mut condition = self.union(Sense::Keep, terms);
        condition.bits.push(easy);
        query.keep(condition);
    }

    fn ask_targeting<'a>(&'a self, query: &mut Query<'a>, asked: &Asked<'a>) {
        let request = asked.request;
        let (device, inventory, user) = (&request.device, &request.inventory, &request.user);
        let here = |dim| {
            let geo = &device.geo;
            let (region, city) = (geo.region.as_deref(), geo.city.as_deref());
            geo.country.into_iter().flat_map(move |country| {
                let term = |region, city| terms::place(dim, country.as_str(), region, city);
                let in_region = region.map(|_| term(region, None));
                let in_city = city.map(|_| term(None, city));
                let exactly = region.and(city).map(|_| term(region, city));
                [Some(term(None, None)), in_region, in_city, exactly].into_iter().flatten()
            })
        };
        self.ask_wish(query, Wish::Place, here(Dim::Wished(Wish::Place)));
        let [not_place, _, not_segment] = self.files.refuses();
        if not_place {
            query.drop(self.union(Sense::Drop, here(Dim::NotPlace)));
        }
        let coded = |wish, code: u64| std::iter::once(number(Dim::Wished(wish), code));
        self.ask_wish(query, Wish::Device, coded(Wish::Device, device.kind as u64));
        self.ask_wish(query, Wish::Channel, coded(Wish::Channel, inventory.channel as u64));
        self.ask_wish(query, Wish::System, device.os.iter().map(|os| wished(Wish::System, os)));
        let languages = [inventory.language, device.language].into_iter().flatten();
        self.ask_wish(query, Wish::Language, languages.map(|l| wished(Wish::Language, l.as_str())));
        let names = [&inventory.domain, &inventory.bundle].into_iter().flatten();
        self.ask_wish(query, Wish::Publisher, names.map(|name| wished(Wish::Publisher, name)));
        self.ask_hours(query, asked.now);
        self.ask_categories(query, asked);
        let segments = user.segments.iter();
        self.ask_wish(query, Wish::Segment, segments.clone().map(|s| wished(Wish::Segment, s)));
        if not_segment {
            query.drop(self.union(Sense::Drop, segments.map(|s| text(Dim::NotSegment, s))));
        }
        let keywords = inventory.keywords.iter().chain(&user.keywords);
        self.ask_wish(query, Wish::Keyword, keywords.map(|k| wished(Wish::Keyword, k)));
    }

    fn ask_hours<'a>(&'a self, query: &mut Query<'a>, now: Timestamp) {
        let Some(easy) = self.serving.easy(Wish::Daypart) else { return };
        let mut condition = Condition::new(Sense::Keep);
        self.files.open_plans(now).for_each(|number| condition.add(self.serving.posting(number)));
        condition.bits.push(easy);
        query.keep(condition);
    }

    fn ask_categories<'a>(&'a self, query: &mut Query<'a>, asked: &Asked<'a>) {
        let parent = asked.parent;
        let mut all: SmallVec<[u64; 16]> = SmallVec::new();
        for category in asked.request.inventory.categories.iter().flat_map(|c| with_ancestors(*c, parent)) {
            if !all.contains(&category.packed()) {
                all.push(category.packed());
            }
        }
        let dim = Dim::Wished(Wish::Category);
        self.ask_wish(query, Wish::Category, all.iter().map(|packed| number(dim, *packed)));
        if self.files.refuses()[1] {
            query.drop(self.union(Sense::Drop, all.iter().map(|packed| number(Dim::NotCategory, *packed))));
        }
    }

    fn ask_blocks<'a>(&'a self, query: &mut Query<'a>, asked: &Asked<'a>) {
        let blocks = &asked.request.blocks;
        let advertised = |c: &motet_model::codes::CategoryId| number(Dim::AdCategory, c.packed());
        query.drop(self.union(Sense::Drop, blocks.categories.iter().map(advertised)));
        query.drop(self.union(Sense::Drop, blocks.domains.iter().map(|d| text(Dim::AdDomain, d))));
        query.drop(self.union(Sense::Drop, blocks.bundles.iter().map(|b| text(Dim::AdBundle, b))));
        query.drop(self.union(Sense::Drop, blocks.blocked_seats.iter().map(|s| text(Dim::Seat, s))));
        if !blocks.allowed_categories.is_empty() {
            query.keep(self.union(Sense::Keep, blocks.allowed_categories.iter().map(advertised)));
        }
        if !blocks.allowed_seats.is_empty() {
            query.keep(self.union(Sense::Keep, blocks.allowed_seats.iter().map(|s| text(Dim::Seat, s))));
        }
    }

    fn ask_restraints<'a>(&'a self, query: &mut Query<'a>, restraints: &[Restraint]) {
        for restraint in restraints {
            match restraint {
                Restraint::HonourSwitches => query.drop(only(self.serving.killed())),
                Restraint::NoAdvertiser(ix) => {
                    let term = number(Dim::Advertiser, u64::from(ix.0));
                    query.drop(self.union(Sense::Drop, std::iter::once(term)));
                }
                Restraint::NoCategory(category, _) => {
                    let term = number(Dim::AdCategory, category.packed());
                    query.drop(self.union(Sense::Drop, std::iter::once(term)));
                }
                Restraint::ContentRisk { topic, risk } => {
                    let refusing =
                        self.files.safety().iter().zip(0..).filter(|(s, _)| s.most_for(*topic) < *risk);
                    let terms = refusing.map(|(_, number_of)| number(Dim::BrandSafety, number_of));
                    query.drop(self.union(Sense::Drop, terms));
                }
                Restraint::RefuseRequest(_) => query.hopeless = true,
                Restraint::ContextOnly(_) => {}
            }
        }
    }
}

fn only(bits: &Bits) -> Condition<'_> {
    let mut condition = Condition::new(Sense::Drop);
    condition.bits.push(bits);
    condition
}

fn wished(wish: Wish, value: &str) -> Term {
    text(Dim::Wished(wish), value)
}

const _: () = assert!(WISHES <= 16, "wishes are kept as bits of a u16");
