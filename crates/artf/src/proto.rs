//! The messages and the service, generated from `proto/artf` and `proto/openrtb` by a test (`tests/generated.rs`), so
//! that building needs no Protobuf compiler.
//!
//! Modules follow the packages, since what is generated names its neighbours that way; the short names are the ones to use.

pub use self::com::iabtechlab::{
    bidstream::mutation::{services::v1 as services, v1 as artf},
    openrtb::v2 as openrtb,
};

#[allow(unreachable_pub, reason = "modules follow the packages; the short names above are what others see")]
mod com {
    pub mod iabtechlab {
        pub mod openrtb {
            #[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, reason = "generated")]
            pub mod v2 {
                include!("generated/com.iabtechlab.openrtb.v2.rs");
            }
        }
        pub mod bidstream {
            pub mod mutation {
                #[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, reason = "generated")]
                pub mod v1 {
                    include!("generated/com.iabtechlab.bidstream.mutation.v1.rs");
                }
                pub mod services {
                    #[allow(
                        missing_docs,
                        unreachable_pub,
                        clippy::all,
                        clippy::pedantic,
                        reason = "generated"
                    )]
                    pub mod v1 {
                        include!("generated/com.iabtechlab.bidstream.mutation.services.v1.rs");
                    }
                }
            }
        }
    }
}
