//! Policies.

use motet_policy::{AgentPolicy, Body, LayerSpec, NetworkSpec, Number, PolicySet, TableSpec};

use crate::{
    Error,
    proto::{self, agent_policy},
    wire::{Wire, chosen, records},
};

records! {
    PolicySet => PolicySet { [version, agents] [] [] }
    Number => Number { [name, unit, least, most, default] [] [] }
    TableSpec => Table { [version, edges, actions] [] [] }
    NetworkSpec => Network { [means, factors, layers] [] [] }
    LayerSpec => Layer { [inputs, outputs, weight, bias] [] [] }
}

impl Wire<proto::Row> for Vec<f64> {
    fn put(&self) -> proto::Row {
        proto::Row { numbers: self.clone() }
    }

    fn take(wire: proto::Row, _: &'static str) -> Result<Self, Error> {
        Wire::take(wire.numbers, "Row.numbers")
    }
}

impl Wire<proto::AgentPolicy> for AgentPolicy {
    fn put(&self) -> proto::AgentPolicy {
        let body = match &self.body {
            Body::Constant(action) => {
                agent_policy::Body::Constant(proto::Constant { action: action.clone() })
            }
            Body::Table(table) => agent_policy::Body::Table(table.put()),
            Body::Network(network) => agent_policy::Body::Network(network.put()),
        };
        proto::AgentPolicy {
            agent: self.agent.clone(),
            version: self.version.clone(),
            observation: self.observation.put(),
            action: self.action.put(),
            body: Some(body),
        }
    }

    fn take(wire: proto::AgentPolicy, _: &'static str) -> Result<Self, Error> {
        let body = match chosen(wire.body, "AgentPolicy.body")? {
            agent_policy::Body::Constant(constant) => {
                Body::Constant(Wire::take(constant.action, "Constant.action")?)
            }
            agent_policy::Body::Table(table) => Body::Table(Wire::take(table, "AgentPolicy.table")?),
            agent_policy::Body::Network(network) => {
                Body::Network(Wire::take(network, "AgentPolicy.network")?)
            }
        };
        Ok(Self {
            agent: wire.agent,
            version: wire.version,
            observation: Wire::take(wire.observation, "AgentPolicy.observation")?,
            action: Wire::take(wire.action, "AgentPolicy.action")?,
            body,
        })
    }
}
