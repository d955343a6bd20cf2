using System.Globalization;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>
/// Claims of devices: how many, and how many devices of each class they may get. A device that pods can also ask for by
/// the name of an extended resource counts under that name too, as far as it is not counted for the pod itself.
/// </summary>
internal sealed class DeviceQuota(DeviceSurroundings around) : QuotaEvaluator(WellKnown.ResourceClaims)
{
    private const string OfClass = ".deviceclass.resource.k8s.io/devices";
    private const string Requests = "requests.";

    /// <summary>What a request for all devices of a class may get at most.</summary>
    private const long MostDevices = 32;

    public override bool Bounds(string name) =>
        name == CountName || name.EndsWith(OfClass, StringComparison.Ordinal)
        || (name.StartsWith(Requests, StringComparison.Ordinal)
            && (!ResourceNames.IsNative(name) || ResourceNames.IsDeviceClass(name[Requests.Length..]))
            && around.IsOffered(name[Requests.Length..]));

    public override Dictionary<string, Quantity> Usage(
        IKubernetesObject<V1ObjectMeta> item, DateTimeOffset? now = null)
    {
        var claim = (Resourcev1ResourceClaim)item;
        var usage = new Dictionary<string, Quantity>(StringComparer.Ordinal) { [CountName] = Number(1) };
        var known = around.FindPod(claim) is { } pod ? For(WellKnown.Pods).Usage(pod, now) : [];
        foreach (var (deviceClass, count) in Devices(claim))
        {
            usage[deviceClass + OfClass] = Number(count);
            Add(ResourceNames.DeviceClassPrefix + deviceClass, count);
            if (around.ResourceOf(deviceClass) is { Length: > 0 } resource)
            {
                Add(resource, count);
            }
        }

        return usage;

        void Add(string resource, long count)
        {
            var rest = Number(count) - known.GetValueOrDefault(Requests + resource, Quantity.Zero);
            if (rest.Sign > 0)
            {
                usage[Requests + resource] = rest;
            }
        }
    }

    /// <summary>How many devices of each class a claim may get; of alternatives the greatest number counts.</summary>
    private static Dictionary<string, long> Devices(Resourcev1ResourceClaim claim)
    {
        var devices = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var request in claim.Spec.Devices?.Requests ?? [])
        {
            var counts = request.FirstAvailable is { Count: > 0 } alternatives
                ? alternatives.Select(static a => (a.DeviceClassName, Count: CountOf(a.AllocationMode, a.Count)))
                : request.Exactly is { } exact ? [(exact.DeviceClassName, CountOf(exact.AllocationMode, exact.Count))]
                : [];
            foreach (var ofClass in counts.GroupBy(static c => c.DeviceClassName, StringComparer.Ordinal))
            {
                devices[ofClass.Key] = devices.GetValueOrDefault(ofClass.Key) + ofClass.Max(static c => c.Count);
            }
        }

        return devices;
    }

    private static long CountOf(string? mode, long? count) => mode switch
    {
        "ExactCount" => count ?? 0,
        "All" => MostDevices,
        _ => 0,
    };

    private static Quantity Number(long value) => Quantity.Parse(value.ToString(CultureInfo.InvariantCulture));
}
