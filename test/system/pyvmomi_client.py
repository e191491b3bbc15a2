"""Drives the lab's vCenter with pyVmomi, a client nobody here wrote. Reads its orders as JSON from stdin and
prints one JSON object of results. Passwords come over stdin, never as arguments."""

import json
import ssl
import sys
import time

from pyVmomi import SoapStubAdapter, sms, vim, vmodl

orders = json.load(sys.stdin)
context = ssl.create_default_context(cadata=orders["caPem"])
context.check_hostname = False
results = {}


def stub(path, version, cookie=None):
    request_context = {"vcSessionCookie": cookie} if cookie is not None else None
    return SoapStubAdapter(
        host=orders["host"], port=orders["port"], path=path, version=version, sslContext=context, requestContext=request_context
    )


def fault_of(call):
    """The name of the fault a call ends in, or None."""
    try:
        call()
    except vmodl.MethodFault as fault:
        return type(fault).__name__.rsplit(".", 1)[-1]
    return None


def describe(info):
    return {
        "type": info._wsdlName,
        "uid": info.uid,
        "status": info.status,
        "category": info.category,
        "namespace": info.namespace,
        "certificateStatus": info.certificateStatus,
        "retained": info.retainVasaProviderCertificate,
        "priority": info.priority,
        "arrays": [array.arrayId for array in info.relatedStorageArray],
        "certificate": info.certificate,
    }


def wait_for(task):
    """Every state the task was seen in, in order, then its last info."""
    states = []
    until = time.monotonic() + 30
    while True:
        info = task.QuerySmsTaskInfo()
        if not states or states[-1] != info.state:
            states.append(info.state)
        if info.state in ("success", "error") or time.monotonic() > until:
            error = None
            if info.error is not None:
                error = {"type": info.error._wsdlName, "certificate": getattr(info.error, "certificate", None), "message": info.error.msg}
            result = None if info.result is None else info.result._GetMoId()
            return {"states": states, "error": error, "result": result, "object": info.object._GetMoId()}
        time.sleep(orders["pollSeconds"])


# vim25
vim_stub = stub("/sdk", "vim.version.version13")
instance = vim.ServiceInstance("ServiceInstance", vim_stub)
content = instance.RetrieveContent()
results["about"] = {"version": content.about.version, "apiType": content.about.apiType, "instanceUuid": content.about.instanceUuid}
results["withoutLogin"] = fault_of(instance.CurrentTime)
results["wrongPassword"] = fault_of(lambda: content.sessionManager.Login(orders["username"], "wrong"))
results["login"] = content.sessionManager.Login(orders["username"], orders["password"]).userName
results["clock"] = instance.CurrentTime().isoformat()
cookie = vim_stub.cookie.split("=", 1)[1].split(";", 1)[0].strip('"')

view = content.viewManager.CreateContainerView(content.rootFolder, [vim.Datastore, vim.HostSystem, vim.VirtualMachine], True)
collector = vmodl.query.PropertyCollector
traversal = collector.TraversalSpec(name="members", path="view", skip=False, type=vim.view.ContainerView)
spec = collector.FilterSpec(
    propSet=[
        collector.PropertySpec(type=vim.Datastore, pathSet=["name", "summary", "info", "host", "vm"]),
        collector.PropertySpec(type=vim.HostSystem, pathSet=["name", "parent", "runtime", "config.certificate", "configManager.certificateManager"]),
        collector.PropertySpec(type=vim.VirtualMachine, pathSet=["name", "runtime.powerState", "datastore"]),
    ],
    objectSet=[collector.ObjectSpec(obj=view, skip=True, selectSet=[traversal])],
)
page = content.propertyCollector.RetrievePropertiesEx([spec], collector.RetrieveOptions(maxObjects=2))
objects = []
results["pages"] = 0
while page is not None:
    results["pages"] += 1
    objects += page.objects
    page = content.propertyCollector.ContinueRetrievePropertiesEx(page.token) if page.token else None
properties = {one.obj._GetMoId(): {each.name: each.val for each in one.propSet} for one in objects}
results["objects"] = sorted(properties)
for ref, values in properties.items():
    if ref.startswith("datastore"):
        results["datastore"] = {
            "infoType": values["info"]._wsdlName,
            "container": values["info"].vvolDS.scId,
            "told": [{"uid": one.provider.uid, "url": one.provider.url} for one in values["info"].vvolDS.vasaProviderInfo],
            "type": values["summary"].type,
            "mounts": [[mount.key._GetMoId(), mount.mountInfo.accessible] for mount in values["host"]],
            "vms": [one._GetMoId() for one in values["vm"]],
        }
    if ref == "host-1":
        manager = values["configManager.certificateManager"]
        results["host"] = {
            "certificate": bytes(byte & 0xFF for byte in values["config.certificate"]).decode(),
            "state": str(values["runtime"].connectionState),
            "anchors": manager.ListCACertificates(),
            "certificateInfo": manager.certificateInfo.subject,
        }
    if ref == "vm-101":
        results["vm"] = [values["name"], str(values["runtime.powerState"]), values["datastore"][0]._GetMoId()]
view.DestroyView()
results["options"] = {one.key: one.value for one in content.setting.QueryOptions("vpxd.certmgmt.")}
def addresses(settings):
    found = [settings.ip.ipAddress] if isinstance(settings.ip, vim.vm.customization.FixedIp) else []
    return found + [one.ipAddress for one in (settings.ipV6Spec.ip if settings.ipV6Spec else [])]


vcha = content.failoverClusterConfigurator.GetConfig()
results["vcha"] = {
    "state": vcha.state,
    "mode": content.failoverClusterManager.GetClusterMode(),
    "one": addresses(vcha.failoverNodeInfo1.clusterIpSettings) + addresses(vcha.failoverNodeInfo1.failoverIp),
    "two": addresses(vcha.failoverNodeInfo2.clusterIpSettings),
    "witness": addresses(vcha.witnessNodeInfo.ipSettings),
}
push = content.certificateManager.RefreshCertificates  # the binding is there; the lab answers NotSupported
host = vim.HostSystem("host-1", vim_stub)
results["hostCertificates"] = fault_of(lambda: push([host]))
task = content.certificateManager.RefreshCACertificatesAndCRLs([host])
until = time.monotonic() + 30
while task.info.state not in ("success", "error") and time.monotonic() < until:
    time.sleep(orders["pollSeconds"])
results["hostPush"] = str(task.info.state)

# SMS
def storage_manager(version, session=cookie):
    return sms.ServiceInstance("ServiceInstance", stub("/sms/sdk", version, session)).QueryStorageManager()


newest = "sms.version.version13"  # 6.7.1, the newest this pyVmomi knows
manager = storage_manager(newest)
results["noSession"] = fault_of(lambda: storage_manager(newest, "0123456789abcdef"))
about = sms.ServiceInstance("ServiceInstance", stub("/sms/sdk", newest, cookie)).QueryAboutInfo()
results["smsAbout"] = {"apiVersion": about.apiVersion, "instanceUuid": about.instanceUuid}
results["providers"] = [describe(one.QueryProviderInfo()) for one in manager.QueryProvider()]
results["by65"] = [describe(one.QueryProviderInfo()) for one in storage_manager("sms.version.version11").QueryProvider()]
results["by40"] = [describe(one.QueryProviderInfo()) for one in storage_manager("sms.version.version4").QueryProvider()]
results["arrays"] = [array.uuid for array in manager.QueryArray()]
containers = manager.QueryStorageContainer(sms.storage.StorageContainerSpec())
results["containers"] = [[one.uuid, list(one.providerId)] for one in containers.storageContainer]
registered = manager.QueryProvider()[0]
results["sync"] = wait_for(registered.Sync())
results["reconnect"] = wait_for(registered.Reconnect())
results["pushRoots"] = wait_for(manager.RefreshCACertificatesAndCRLs([results["providers"][0]["uid"]]))
results["revoke"] = wait_for(registered.RevokeCertificate())

new = orders["register"]
provider_spec = sms.provider.VasaProviderSpec(name=new["name"], username=new["username"], password=new["password"], url=new["url"])
results["registerFirst"] = wait_for(manager.RegisterProvider(provider_spec))
provider_spec.certificate = results["registerFirst"]["error"]["certificate"]
results["registerTrusting"] = wait_for(manager.RegisterProvider(provider_spec))
added = sms.provider.VasaProvider(results["registerTrusting"]["result"], manager._stub)
results["added"] = describe(added.QueryProviderInfo())
results["registerAgain"] = wait_for(manager.RegisterProvider(provider_spec))
results["unregister"] = wait_for(manager.UnregisterProvider(results["added"]["uid"]))
results["left"] = [one._GetMoId() for one in manager.QueryProvider()]
results["unregisterAgain"] = wait_for(manager.UnregisterProvider(results["added"]["uid"]))

auditor = stub("/sdk", "vim.version.version13")
auditor_content = vim.ServiceInstance("ServiceInstance", auditor).RetrieveContent()
auditor_content.sessionManager.Login(orders["auditor"]["username"], orders["auditor"]["password"])
auditor_cookie = auditor.cookie.split("=", 1)[1].split(";", 1)[0].strip('"')
results["auditor"] = fault_of(lambda: storage_manager(newest, auditor_cookie).UnregisterProvider("x"))

content.sessionManager.Logout()
results["afterLogout"] = fault_of(manager.QueryProvider)
json.dump(results, sys.stdout)
