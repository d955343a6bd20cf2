using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Discovery.EndpointSlices;

/// <summary>
/// Tells whether an update changes what a slice says (labels included): only then does its generation grow.
/// </summary>
internal static class EndpointSliceComparer
{
    public static bool Same(V1EndpointSlice left, V1EndpointSlice right) =>
        left.AddressType == right.AddressType &&
        Maps.Same(left.Metadata.Labels, right.Metadata.Labels) &&
        SameList(left.Ports, right.Ports, SamePort) &&
        SameList(left.Endpoints, right.Endpoints, SameEndpoint);

    private static bool SamePort(Discoveryv1EndpointPort left, Discoveryv1EndpointPort right) =>
        left.Name == right.Name && left.Port == right.Port && left.Protocol == right.Protocol && left.AppProtocol == right.AppProtocol;

    private static bool SameEndpoint(V1Endpoint left, V1Endpoint right) =>
        SameList(left.Addresses, right.Addresses, string.Equals) &&
        left.Hostname == right.Hostname && left.NodeName == right.NodeName && left.Zone == right.Zone &&
        SameConditions(left.Conditions, right.Conditions) && SameReference(left.TargetRef, right.TargetRef) &&
        SameList(left.Hints?.ForZones, right.Hints?.ForZones, (a, b) => a.Name == b.Name) &&
        SameList(left.Hints?.ForNodes, right.Hints?.ForNodes, (a, b) => a.Name == b.Name);

    private static bool SameConditions(V1EndpointConditions? left, V1EndpointConditions? right) =>
        left?.Ready == right?.Ready && left?.Serving == right?.Serving && left?.Terminating == right?.Terminating;

    private static bool SameReference(V1ObjectReference? left, V1ObjectReference? right) =>
        left?.Kind == right?.Kind && left?.Name == right?.Name && left?.NamespaceProperty == right?.NamespaceProperty &&
        left?.Uid == right?.Uid && left?.ApiVersion == right?.ApiVersion && left?.ResourceVersion == right?.ResourceVersion &&
        left?.FieldPath == right?.FieldPath;

    private static bool SameList<T>(IList<T>? left, IList<T>? right, Func<T, T, bool> same)
    {
        var count = left?.Count ?? 0;
        if (count != (right?.Count ?? 0))
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            if (!same(left![i], right![i]))
            {
                return false;
            }
        }

        return true;
    }
}
