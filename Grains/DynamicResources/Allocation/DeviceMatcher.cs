using System.Runtime.CompilerServices;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.DynamicResources.Selectors;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>
/// Whether devices suit requests, by the selectors of class and request. What is found out is kept, for devices are
/// looked at again and again: views as long as their slices are, the rest as long as the matcher.
/// </summary>
public sealed class DeviceMatcher
{
    private static readonly ConditionalWeakTable<V1Device, DeviceView> Views = [];

    private readonly SelectorCache _selectors;
    private readonly Dictionary<(V1Device Device, DeviceRequest Request), bool> _known = new(new ByIdentity());

    public DeviceMatcher(SelectorCache selectors) => _selectors = selectors;

    /// <summary>An error when a selector cannot be evaluated.</summary>
    public (bool Matches, string? Error) Matches(
        ObjectKey claim, DeviceRequest request, V1DeviceClass ofRequest, DeviceId id, V1Device device)
    {
        if (_known.TryGetValue((device, request), out var known))
        {
            return (known, null);
        }

        var (matches, error) = All($"class {ofRequest.Metadata.Name}", ofRequest.Spec.Selectors ?? [], id, device);
        if (matches)
        {
            (matches, error) = All($"claim {claim}", request.Selectors, id, device);
        }

        if (error is null)
        {
            _known[(device, request)] = matches;
        }

        return (matches, error);
    }

    private (bool Matches, string? Error) All(
        string owner, IList<V1DeviceSelector> selectors, DeviceId id, V1Device device)
    {
        foreach (var (i, selector) in selectors.Index())
        {
            if (selector.Cel?.Expression is not { } expression)
            {
                return (false, $"{owner}: selector #{i}: CEL expression empty (unsupported selector type?)");
            }

            var (compiled, issues) = _selectors.Get(expression);
            if (compiled is null)
            {
                return (false, $"{owner}: selector #{i}: CEL compile error: {issues}");
            }

            var (matches, error) = compiled.Matches(Views.GetValue(device, d => new DeviceView(id.Driver, d)));
            if (error is not null)
            {
                return (false, $"{owner}: selector #{i} on device {id}: CEL runtime error: {error}");
            }

            if (!matches)
            {
                return (false, null);
            }
        }

        return (true, null);
    }

    private sealed class ByIdentity : IEqualityComparer<(V1Device Device, DeviceRequest Request)>
    {
        public bool Equals(
            (V1Device Device, DeviceRequest Request) x, (V1Device Device, DeviceRequest Request) y) =>
            ReferenceEquals(x.Device, y.Device) && ReferenceEquals(x.Request, y.Request);

        public int GetHashCode((V1Device Device, DeviceRequest Request) pair) => HashCode.Combine(
            RuntimeHelpers.GetHashCode(pair.Device), RuntimeHelpers.GetHashCode(pair.Request));
    }
}
