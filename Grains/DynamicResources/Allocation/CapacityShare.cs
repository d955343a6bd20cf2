using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>How much of a device's capacity a request takes, by the rules of the device. Pure.</summary>
internal static class CapacityShare
{
    private static readonly Dictionary<string, V1DeviceCapacity> Nothing = [];

    /// <summary>
    /// What a request takes of each capacity; null when the device has not what it asks for, or gives no such amount.
    /// </summary>
    public static IReadOnlyDictionary<string, Quantity>? Of(DeviceRequest request, V1Device device)
    {
        var capacity = device.Capacity ?? Nothing;
        if (request.Capacity.Keys.Any(n => !capacity.ContainsKey(n)))
        {
            return null;
        }

        var share = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var (name, of) in capacity)
        {
            var taken = Taken(of, request.Capacity.TryGetValue(name, out var asked) ? Quantity.Of(asked) : null);
            if (!IsGiven(taken, of.RequestPolicy))
            {
                return null;
            }

            share[name] = taken;
        }

        return share;
    }

    /// <summary>What is asked for is rounded up to what is given; nothing means the default, or all.</summary>
    private static Quantity Taken(V1DeviceCapacity capacity, Quantity? asked)
    {
        var policy = capacity.RequestPolicy;
        return asked is not { } wanted ? Quantity.Of(policy?.DefaultProperty ?? capacity.Value)
            : policy?.ValidRange?.Min is not null ? RoundUp(wanted, policy.ValidRange)
            : RoundUp(wanted, policy?.ValidValues ?? []);
    }

    private static Quantity RoundUp(Quantity wanted, IList<ResourceQuantity> values)
    {
        var larger = values.Select(Quantity.Of).Where(v => wanted <= v).ToList();
        return larger.Count > 0 ? larger[0] : wanted;
    }

    private static Quantity RoundUp(Quantity wanted, V1CapacityRequestPolicyRange range)
    {
        var min = Quantity.Of(range.Min);
        if (wanted < min)
        {
            return min;
        }

        if (range.Step is null)
        {
            return wanted;
        }

        var step = Quantity.Of(range.Step).Value;
        var steps = (wanted.Value - min.Value + step - 1) / step;
        return Quantity.Whole(min.Value + (steps * step), QuantityFormat.BinarySI);
    }

    private static bool IsGiven(Quantity amount, V1CapacityRequestPolicy? policy)
    {
        if (policy is null || (policy.DefaultProperty is not null && amount == Quantity.Of(policy.DefaultProperty)))
        {
            return true;
        }

        if (policy.ValidRange is { } range)
        {
            return (range.Max is null || amount <= Quantity.Of(range.Max))
                && (range.Step is null
                    || (amount.Value - Quantity.Of(range.Min).Value) % Quantity.Of(range.Step).Value == 0);
        }

        return policy.ValidValues is not { Count: > 0 } values || values.Any(v => Quantity.Of(v) == amount);
    }
}
