"""One round of bench/soap.ts with lxml: parse the answer, read every provider's fields, decode its certificate. Prints seconds, providers, a checksum."""
import base64
import sys
import time

from lxml import etree

SMS = '{urn:sms}'
VIM = '{urn:vim25}'
XSI_TYPE = '{http://www.w3.org/2001/XMLSchema-instance}type'
TEXTS = ['uid', 'name', 'url', 'description', 'version', 'status', 'vasaVersion', 'namespace', 'lastSyncTime', 'providerId',
         'certificateExpiryDate', 'certificateStatus', 'serviceLocation', 'type', 'category', 'failoverGroupId']
FLAGS = ['needsExplicitActivation', 'retainVasaProviderCertificate']


def text(element, name):
    found = element.findtext(SMS + name)
    return found.strip() if found else None


def array(element):
    return {'arrayId': text(element, 'arrayId'), 'active': text(element, 'active') == 'true',
            'manageable': text(element, 'manageable') == 'true', 'priority': int(text(element, 'priority'))}


def provider(element):
    record = {name: text(element, name) for name in TEXTS}
    record.update({name: text(element, name) == 'true' for name in FLAGS})
    record['priority'] = int(text(element, 'priority'))
    record['certificate'] = base64.b64decode(text(element, 'certificate'))
    record['arrays'] = [array(one) for one in element.findall(SMS + 'relatedStorageArray')]
    fault = element.find(SMS + 'statusFault')
    if fault is not None:
        inner = fault.find(SMS + 'fault')
        record['fault'] = {'type': inner.get(XSI_TYPE).rpartition(':')[2], 'message': fault.findtext(VIM + 'localizedMessage'),
                           'certificate': base64.b64decode(text(inner, 'certificate'))}
    return record


with open(sys.argv[1], 'rb') as file:
    data = file.read()
started = time.perf_counter()
parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
root = etree.fromstring(data, parser)
parsed = time.perf_counter()
records = [provider(element) for element in root.iter(SMS + 'providerInfo')]
seconds = time.perf_counter() - started
print(seconds, parsed - started, len(records), sum(len(record['uid']) + len(record['certificate']) for record in records))
