//! Advertisers, campaigns and creatives: list, get, put, patch, delete, the same way for each.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::{Response, StatusCode},
};
use motet_agent::Account;
use motet_model::{
    catalog::{Catalog, Change, Presence},
    ids::{AdvertiserIx, CampaignIx, CreativeIx},
};
use motet_units::Nanos;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json as value};

use super::{
    ApiError, apply, json,
    spec::{AdvertiserSpec, At, CampaignSpec, CreativeSpec, Problem, Problems, from_json},
};
use crate::{http::App, platform::Platform};

type Reply = Result<Response<Body>, ApiError>;

/// One kind of resource.
pub(crate) trait Kind: Send + Sync + 'static {
    /// How one is written.
    type Spec: Serialize + DeserializeOwned + Send;
    /// What one is called.
    const NAME: &'static str;
    /// Which query parameter lists are narrowed by.
    const OWNER: &'static str;

    /// Writes one in service.
    fn get(catalog: &Catalog, id: &str) -> Option<Self::Spec>;
    /// Returns how many places there are, removed ones included.
    fn places(catalog: &Catalog) -> usize;
    /// Writes the one at a place if it is in service and belongs to the owner asked for.
    fn at(catalog: &Catalog, place: usize, owner: Option<&str>) -> Option<Self::Spec>;
    /// Returns the place of the id in a spec.
    fn id(spec: &mut Self::Spec) -> &mut Option<String>;
    /// Adds the changes that put it.
    fn put(spec: &Self::Spec, changes: &mut Vec<Change>, problems: &mut Problems);
    /// Makes the change that removes it.
    fn remove(id: String) -> Change;
    /// Returns the campaign whose account goes with it.
    fn campaign(_catalog: &Catalog, _id: &str) -> Option<CampaignIx> {
        None
    }
}

pub(crate) struct Advertisers;
pub(crate) struct Campaigns;
pub(crate) struct Creatives;

impl Kind for Advertisers {
    type Spec = AdvertiserSpec;
    const NAME: &'static str = "advertiser";
    const OWNER: &'static str = "";

    fn get(catalog: &Catalog, id: &str) -> Option<AdvertiserSpec> {
        Some(AdvertiserSpec::of(&catalog.advertiser(catalog.advertiser_ix(id)?).advertiser))
    }

    fn places(catalog: &Catalog) -> usize {
        catalog.advertisers().len()
    }

    fn at(catalog: &Catalog, place: usize, _owner: Option<&str>) -> Option<AdvertiserSpec> {
        let entry = catalog.advertiser(AdvertiserIx(place as u32));
        (entry.presence == Presence::Present).then(|| AdvertiserSpec::of(&entry.advertiser))
    }

    fn id(spec: &mut AdvertiserSpec) -> &mut Option<String> {
        &mut spec.id
    }

    fn put(spec: &AdvertiserSpec, changes: &mut Vec<Change>, problems: &mut Problems) {
        spec.put(&At::root(), changes, problems);
    }

    fn remove(id: String) -> Change {
        Change::RemoveAdvertiser(id)
    }
}

impl Kind for Campaigns {
    type Spec = CampaignSpec;
    const NAME: &'static str = "campaign";
    const OWNER: &'static str = "advertiser";

    fn get(catalog: &Catalog, id: &str) -> Option<CampaignSpec> {
        Some(CampaignSpec::of(&catalog.campaign(catalog.campaign_ix(id)?).campaign))
    }

    fn places(catalog: &Catalog) -> usize {
        catalog.campaigns().len()
    }

    fn at(catalog: &Catalog, place: usize, owner: Option<&str>) -> Option<CampaignSpec> {
        let entry = catalog.campaign(CampaignIx(place as u32));
        let owned = owner.is_none_or(|owner| owner == entry.campaign.advertiser);
        (owned && entry.presence == Presence::Present).then(|| CampaignSpec::of(&entry.campaign))
    }

    fn id(spec: &mut CampaignSpec) -> &mut Option<String> {
        &mut spec.id
    }

    fn put(spec: &CampaignSpec, changes: &mut Vec<Change>, problems: &mut Problems) {
        spec.put(&At::root(), None, changes, problems);
    }

    fn remove(id: String) -> Change {
        Change::RemoveCampaign(id)
    }

    fn campaign(catalog: &Catalog, id: &str) -> Option<CampaignIx> {
        catalog.campaign_ix(id)
    }
}

impl Kind for Creatives {
    type Spec = CreativeSpec;
    const NAME: &'static str = "creative";
    const OWNER: &'static str = "campaign";

    fn get(catalog: &Catalog, id: &str) -> Option<CreativeSpec> {
        Some(CreativeSpec::of(&catalog.creative(catalog.creative_ix(id)?).creative))
    }

    fn places(catalog: &Catalog) -> usize {
        catalog.creatives().len()
    }

    fn at(catalog: &Catalog, place: usize, owner: Option<&str>) -> Option<CreativeSpec> {
        let entry = catalog.creative(CreativeIx(place as u32));
        let owned = owner.is_none_or(|owner| owner == entry.creative.campaign);
        (owned && entry.presence == Presence::Present).then(|| CreativeSpec::of(&entry.creative))
    }

    fn id(spec: &mut CreativeSpec) -> &mut Option<String> {
        &mut spec.id
    }

    fn put(spec: &CreativeSpec, changes: &mut Vec<Change>, problems: &mut Problems) {
        spec.put(&At::root(), None, changes, problems);
    }

    fn remove(id: String) -> Change {
        Change::RemoveCreative(id)
    }
}

/// What a list is narrowed by, and where it goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Page {
    limit: Option<usize>,
    cursor: Option<String>,
    advertiser: Option<String>,
    campaign: Option<String>,
}

/// Most entries of one page.
const MOST: usize = 1_000;
/// Entries of one page where nothing is asked.
const USUAL: usize = 100;

impl Page {
    fn limit(&self) -> Result<usize, ApiError> {
        match self.limit.unwrap_or(USUAL) {
            limit @ 1..=MOST => Ok(limit),
            limit => Err(ApiError::bad("limit", format!("must be 1 to {MOST}, was {limit}"))),
        }
    }

    /// Reads a cursor: the place to go on at. Places are given in order and never reused, so a page stays right
    /// while others add and remove.
    fn from(&self) -> Result<usize, ApiError> {
        let Some(cursor) = &self.cursor else { return Ok(0) };
        let place = cursor.strip_prefix('p').and_then(|place| u32::from_str_radix(place, 36).ok());
        place.map(|place| place as usize).ok_or_else(|| {
            ApiError::bad("cursor", "is not one this server gave; leave it out to begin at the start")
        })
    }

    fn owner<K: Kind>(&self) -> Result<Option<&str>, ApiError> {
        for (name, stated) in [("advertiser", &self.advertiser), ("campaign", &self.campaign)] {
            if stated.is_some() && name != K::OWNER {
                return Err(ApiError::bad(name, format!("{}s are not listed by {name}", K::NAME)));
            }
        }
        Ok(self.advertiser.as_deref().or(self.campaign.as_deref()))
    }
}

fn cursor(place: usize) -> String {
    let mut digits = Vec::new();
    let mut rest = place;
    while rest > 0 || digits.is_empty() {
        digits.push(char::from_digit((rest % 36) as u32, 36).unwrap_or('0'));
        rest /= 36;
    }
    std::iter::once('p').chain(digits.into_iter().rev()).collect()
}

pub(crate) async fn list<P: Platform, K: Kind>(
    State(app): State<Arc<App<P>>>,
    page: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Reply {
    let Query(page) = page.map_err(|error| ApiError::bad("", error.body_text()))?;
    let (limit, owner) = (page.limit()?, page.owner::<K>()?);
    let catalog = app.platform.catalog();
    let places = K::places(&catalog);
    let (mut items, mut place) = (Vec::new(), page.from()?);
    while place < places && items.len() < limit {
        items.extend(K::at(&catalog, place, owner));
        place += 1;
    }
    let more = (place..places).any(|place| K::at(&catalog, place, owner).is_some());
    let next = more.then(|| cursor(place));
    Ok(json(StatusCode::OK, &value!({ "items": items, "next": next })))
}

pub(crate) async fn get_one<P: Platform, K: Kind>(
    State(app): State<Arc<App<P>>>,
    Path(id): Path<String>,
) -> Reply {
    let catalog = app.platform.catalog();
    let spec = K::get(&catalog, &id).ok_or_else(|| ApiError::not_found(K::NAME, &id))?;
    let mut shown = to_value(&spec)?;
    if let Some(ix) = K::campaign(&catalog, &id) {
        let accounts = app.platform.accounts(vec![ix]).await.map_err(ApiError::unavailable)?;
        shown["statement"] = accounts.first().map_or(Value::Null, statement);
    }
    Ok(json(StatusCode::OK, &shown))
}

/// Writes an account in decimals of the accounting currency.
fn statement(account: &Account) -> Value {
    let text = |amount: Nanos| amount.to_string();
    value!({
        "spent": text(account.spent),
        "reserved": text(account.reserved),
        "left": text(account.room),
        "spent_today": text(account.spent_today),
        "reserved_today": text(account.reserved_today),
    })
}

fn to_value(spec: &impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(spec)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "", error.to_string()))
}

pub(crate) async fn put_one<P: Platform, K: Kind>(
    State(app): State<Arc<App<P>>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Reply {
    let spec: K::Spec = from_json(&body).map_err(ApiError::of_body)?;
    store::<P, K>(&app, &id, spec).await
}

/// `PATCH`: a merge patch (RFC 7396) over the spec as it stands.
pub(crate) async fn patch<P: Platform, K: Kind>(
    State(app): State<Arc<App<P>>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Reply {
    let spec = K::get(&app.platform.catalog(), &id).ok_or_else(|| ApiError::not_found(K::NAME, &id))?;
    let mut merged = to_value(&spec)?;
    let patch: Value = from_json(&body).map_err(ApiError::of_body)?;
    if !patch.is_object() {
        return Err(ApiError::of_body(Problem::new("malformed", "", "a patch is a JSON object")));
    }
    merge(&mut merged, patch);
    let bytes = serde_json::to_vec(&merged).map_err(|error| ApiError::bad("", error.to_string()))?;
    let spec: K::Spec = from_json(&bytes).map_err(ApiError::of_body)?;
    store::<P, K>(&app, &id, spec).await
}

/// Lays a patch over a value: objects merge, `null` takes out, anything else replaces.
fn merge(under: &mut Value, over: Value) {
    let Value::Object(over) = over else {
        *under = over;
        return;
    };
    if !under.is_object() {
        *under = Value::Object(serde_json::Map::new());
    }
    let Value::Object(fields) = under else { unreachable!("made an object just above") };
    for (name, value) in over {
        if value.is_null() {
            fields.remove(&name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), value);
        }
    }
}

async fn store<P: Platform, K: Kind>(app: &App<P>, id: &str, mut spec: K::Spec) -> Reply {
    let stated = K::id(&mut spec);
    if stated.as_deref().is_some_and(|stated| stated != id) {
        return Err(ApiError::of_spec(vec![Problem::new(
            "invalid",
            "id",
            format!("must be the '{id}' of the path, or left out"),
        )]));
    }
    *stated = Some(id.to_owned());
    let (mut changes, mut problems) = (Vec::new(), Problems::default());
    K::put(&spec, &mut changes, &mut problems);
    let changes = problems.finish(changes).map_err(ApiError::of_spec)?;
    let status =
        if K::get(&app.platform.catalog(), id).is_some() { StatusCode::OK } else { StatusCode::CREATED };
    apply(app, changes).await?;
    let stored = K::get(&app.platform.catalog(), id);
    Ok(json(status, &stored.as_ref().unwrap_or(&spec)))
}

pub(crate) async fn delete<P: Platform, K: Kind>(
    State(app): State<Arc<App<P>>>,
    Path(id): Path<String>,
) -> Reply {
    apply(&app, vec![K::remove(id.clone())]).await?;
    Ok(json(StatusCode::OK, &value!({ "removed": id })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_lead_back_to_their_place() {
        for place in [0, 1, 35, 36, 1_295, 1_296, 99_999, u32::MAX as usize] {
            let page = Page { cursor: Some(cursor(place)), ..Page::default() };
            assert_eq!(page.from().unwrap(), place);
        }
        for text in ["", "p", "q1", "p-1", "pzzzzzzzzz"] {
            assert!(Page { cursor: Some(text.to_owned()), ..Page::default() }.from().is_err(), "{text}");
        }
    }

    #[test]
    fn a_patch_merges_takes_out_and_replaces() {
        let mut under = value!({ "a": { "b": 1, "c": 2 }, "d": [1, 2], "e": 5 });
        merge(&mut under, value!({ "a": { "b": null, "x": { "y": null } }, "d": [3], "e": { "f": 1 } }));
        assert_eq!(under, value!({ "a": { "c": 2, "x": {} }, "d": [3], "e": { "f": 1 } }));
    }
}
