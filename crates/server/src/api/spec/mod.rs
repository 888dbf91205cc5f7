//! How advertisers, campaigns and creatives are written at the edge, and the way to the model and back.
//!
//! Every value is a form people write: money and CPM as decimal strings (`"12.50"`), moments as RFC 3339, categories
//! as `IAB17` or `9:483`, hours as `mon-fri 06-10`. A spec is read leniently and judged whole: all problems are
//! told at once, each with the field it is in. The way to the model loses nothing: writing what was read gives the
//! same spec again.
//!
//! Nothing here refers to the catalog: whether an advertiser exists is told when a change is applied.

mod advertiser;
mod campaign;
mod creative;
mod problem;
mod targeting;
mod text;

pub use advertiser::{AdvertiserSpec, BrandSafetySpec};
pub use campaign::{BudgetSpec, CampaignSpec, FlightSpec, FrequencySpec, GoalSpec};
pub use creative::{BannerSpec, CreativeSpec, FileSpec, ImageSpec, NativeSpec, NativeTextSpec, TimedSpec};
use motet_model::{
    catalog::{Catalog, Change, Presence},
    ids::{AdvertiserIx, CampaignIx, CreativeIx},
};
pub use problem::{At, Problem, Problems};
use serde::{Deserialize, Serialize};
pub use targeting::TargetingSpec;
pub(super) use text::moment_text;

/// A whole file of import and export: advertisers with their campaigns and these with their creatives.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileOfSpecs {
    /// The advertisers.
    #[serde(default)]
    pub advertisers: Vec<AdvertiserSpec>,
}

impl FileOfSpecs {
    /// Returns the changes that put everything in the file.
    ///
    /// # Errors
    /// Every problem in it, each with its field.
    pub fn changes(&self) -> Result<Vec<Change>, Vec<Problem>> {
        let mut problems = Problems::default();
        let mut changes = Vec::new();
        let root = At::root();
        for (i, advertiser) in self.advertisers.iter().enumerate() {
            advertiser.put(&root.item("advertisers", i), &mut changes, &mut problems);
        }
        problems.finish(changes)
    }

    /// Writes everything in service.
    pub fn of(catalog: &Catalog) -> Self {
        let present =
            catalog.advertisers().filter(|(_, entry)| entry.presence == Presence::Present).map(|(ix, _)| ix);
        Self { advertisers: present.map(|ix| whole_advertiser(catalog, ix)).collect() }
    }

    /// Reads a file in TOML.
    ///
    /// # Errors
    /// The first place that is not TOML, not known, or of the wrong kind.
    pub fn from_toml(text: &str) -> Result<Self, Problem> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            Problem::new("malformed", "", format!("not TOML: {}", error.to_string().trim_end()))
        })?;
        serde_path_to_error::deserialize(table).map_err(|error| {
            Problem::new("malformed", error.path().to_string(), error.inner().message().to_owned())
        })
    }

    /// Reads a file in JSON.
    ///
    /// # Errors
    /// The first place that is not JSON, not known, or of the wrong kind.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Problem> {
        from_json(bytes)
    }

    /// Writes the file in TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("specs hold strings, whole numbers and lists, all of which TOML writes")
    }
}

/// Reads any spec from JSON, naming the field that cannot be read.
///
/// # Errors
/// The first place that is not JSON, not known, or of the wrong kind.
pub fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        // A place whose name was never reached is written as a question mark.
        let field = field.trim_end_matches('?').trim_end_matches('.');
        Problem::new("malformed", field, error.inner().to_string())
    })?;
    reader.end().map_err(|error| Problem::new("malformed", "", error.to_string()))?;
    Ok(value)
}

fn whole_advertiser(catalog: &Catalog, ix: AdvertiserIx) -> AdvertiserSpec {
    let entry = catalog.advertiser(ix);
    let present = |ix: &&CampaignIx| catalog.campaign(**ix).presence == Presence::Present;
    let campaigns = entry.campaigns.iter().filter(present).map(|ix| whole_campaign(catalog, *ix)).collect();
    AdvertiserSpec { campaigns, ..AdvertiserSpec::of(&entry.advertiser) }
}

fn whole_campaign(catalog: &Catalog, ix: CampaignIx) -> CampaignSpec {
    let entry = catalog.campaign(ix);
    let present = |ix: &&CreativeIx| catalog.creative(**ix).presence == Presence::Present;
    let nested = |ix: &CreativeIx| CreativeSpec {
        campaign: None,
        ..CreativeSpec::of(&catalog.creative(*ix).creative)
    };
    CampaignSpec {
        advertiser: None,
        creatives: entry.creatives.iter().filter(present).map(nested).collect(),
        ..CampaignSpec::of(&entry.campaign)
    }
}

#[cfg(test)]
pub(crate) mod tests;
