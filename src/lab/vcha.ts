import { type Data, data, ServiceFault } from './soap-values.js';
import type { LabVcenter, LabVcha } from './world.js';

/** `FailoverClusterConfigurator.getVchaConfig`: where nothing is configured only the state is set (documented). */
export function vchaConfig({ vcha }: LabVcenter): Data {
  if (vcha === undefined || vcha.state === 'notConfigured') return data('VchaClusterConfigInfo', { state: 'notConfigured' });
  const [one, two, witness] = vcha.nodes;
  return data('VchaClusterConfigInfo', {
    ...(one === undefined ? {} : { failoverNodeInfo1: node(one) }),
    ...(two === undefined ? {} : { failoverNodeInfo2: node(two) }),
    ...(witness === undefined ? {} : { witnessNodeInfo: data('WitnessNodeInfo', { ipSettings: settings(witness.cluster) }) }),
    state: vcha.state,
  });
}

/** `FailoverClusterManager.getClusterMode`; the fault without a cluster is inferred. */
export function vchaMode({ vcha }: LabVcenter): string {
  if (vcha?.state !== 'configured')
    throw new ServiceFault('SystemError', 'vCenter HA is not configured.', { reason: 'not configured' });
  return vcha.mode;
}

function node({ cluster, failover }: LabVcha['nodes'][number]): Data {
  return data('FailoverNodeInfo', {
    clusterIpSettings: settings(cluster),
    ...(failover === undefined ? {} : { failoverIp: settings(failover) }),
  });
}

/** An IPv6 address stands beside a generator of no kind: `ip` is not optional (inferred). */
function settings(address: string): Data {
  if (!address.includes(':'))
    return data('CustomizationIPSettings', {
      ip: data('CustomizationFixedIp', { ipAddress: address }),
      subnetMask: '255.255.255.0',
    });
  return data('CustomizationIPSettings', {
    ip: data('CustomizationIpGenerator', {}),
    ipV6Spec: data('CustomizationIPSettingsIpV6AddressSpec', {
      ip: [data('CustomizationFixedIpV6', { ipAddress: address, subnetMask: 64 })],
    }),
  });
}
