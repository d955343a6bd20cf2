using k8s.Models;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Resources.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.DynamicResources.Selectors;

/// <summary>A device as selectors see it: its attributes and capacities by domain and name.</summary>
public sealed class DeviceView
{
    private static readonly CelType DeviceType = CelType.Object("kubernetes.DRADevice");

    /// <param name="driver">The domain of what names none.</param>
    /// <param name="device">The device; not kept.</param>
    public DeviceView(string driver, V1Device device)
    {
        var attributes = (device.Attributes ?? new Dictionary<string, V1DeviceAttribute>())
            .Select(a => (a.Key, Value: ValueOf(a.Value)));
        var capacity = (device.Capacity ?? new Dictionary<string, V1DeviceCapacity>())
            .Select(c => (c.Key, Value: QuantityLibrary.Of(Quantity.Of(c.Value.Value))));
        Value = CelValue.Of(new CelObject(DeviceType, new Dictionary<string, CelValue>(StringComparer.Ordinal)
        {
            ["driver"] = CelValue.Of(driver),
            ["allowMultipleAllocations"] = CelValue.Of(device.AllowMultipleAllocations == true),
            ["attributes"] = ByDomain(driver, attributes),
            ["capacity"] = ByDomain(driver, capacity),
        }));
    }

    internal CelValue Value { get; }

    private static CelValue ValueOf(V1DeviceAttribute attribute) => attribute switch
    {
        { IntValue: { } number } => CelValue.Of(number),
        { BoolValue: { } flag } => CelValue.Of(flag),
        { StringValue: { } text } => CelValue.Of(text),
        { Version: { } version } => SemverLibrary.Of(version),
        _ => CelValue.OfError("unsupported attribute value"),
    };

    private static CelValue ByDomain(string driver, IEnumerable<(string Name, CelValue Value)> entries) =>
        CelValue.Of(new Domains(CelMap.Of(
        [
            .. entries.Select(e => e.Name.IndexOf('/', StringComparison.Ordinal) is var slash && slash < 0
                    ? (Domain: driver, Id: e.Name, e.Value)
                    : (Domain: e.Name[..slash], Id: e.Name[(slash + 1)..], e.Value))
                .GroupBy(e => e.Domain, StringComparer.Ordinal)
                .Select(g => (g.Key, CelValue.Of(CelMap.Of([.. g.Select(e => (e.Id, e.Value))])))),
        ])));

    /// <summary>Of a domain that the device knows nothing of, there is an empty map.</summary>
    private sealed class Domains(CelMap known) : CelMap
    {
        public override int Count => known.Count;

        public override bool TryGet(in CelValue key, out CelValue value)
        {
            if (!known.TryGet(key, out value))
            {
                value = CelValue.Of(Empty);
            }

            return true;
        }

        public override bool Contains(in CelValue key) => known.Contains(key);

        public override IEnumerator<KeyValuePair<CelValue, CelValue>> GetEnumerator() => known.GetEnumerator();
    }
}
