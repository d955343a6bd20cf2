using k8s.Models;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>
/// Devices of some requests of a claim have the same value of an attribute, or each another one. Devices are added and
/// taken back in the order of a stack.
/// </summary>
public sealed class AttributeConstraint
{
    private readonly IList<string> _requests;
    private readonly string _attribute;
    private readonly bool _isDistinct;
    private readonly Stack<object> _values = [];

    public AttributeConstraint(V1DeviceConstraint constraint)
    {
        _requests = constraint.Requests ?? [];
        _isDistinct = constraint.MatchAttribute is null;
        _attribute = constraint.MatchAttribute ?? constraint.DistinctAttribute ?? "";
    }

    /// <summary>False, and not added, when the device would break the rule.</summary>
    public bool Add(DeviceRequest request, DeviceId id, V1Device device)
    {
        if (!Concerns(request))
        {
            return true;
        }

        if (ValueOf(id.Driver, device) is not { } value
            || (_isDistinct ? _values.Contains(value) : _values.Count > 0 && !_values.Peek().Equals(value)))
        {
            return false;
        }

        _values.Push(value);
        return true;
    }

    public void Remove(DeviceRequest request)
    {
        if (Concerns(request))
        {
            _values.Pop();
        }
    }

    private bool Concerns(DeviceRequest request) => _requests.Count == 0
        || _requests.Contains(request.Parent ?? request.Name) || _requests.Contains(request.FullName);

    /// <summary>With its type; an attribute without a domain is of the driver's.</summary>
    private object? ValueOf(string driver, V1Device device)
    {
        if (device.Attributes is not { } attributes)
        {
            return null;
        }

        if (!attributes.TryGetValue(_attribute, out var found))
        {
            var slash = _attribute.IndexOf('/', StringComparison.Ordinal);
            if (slash < 0 || !_attribute.AsSpan(0, slash).SequenceEqual(driver)
                || !attributes.TryGetValue(_attribute[(slash + 1)..], out found))
            {
                return null;
            }
        }

        return found switch
        {
            { StringValue: { } text } => ("text", text),
            { IntValue: { } number } => number,
            { BoolValue: { } flag } => flag,
            { Version: { } version } => ("version", version),
            _ => null,
        };
    }
}
