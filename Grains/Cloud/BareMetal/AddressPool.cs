using System.Net;

namespace OrleansOrchestrator.Grains.Cloud.BareMetal;

/// <summary>Addresses that load balancers may get.</summary>
/// <param name="Name">How a Service asks for one of it; several entries of one name are one pool.</param>
/// <param name="Range">The addresses.</param>
public sealed record AddressPool(string Name, AddressRange Range)
{
    /// <summary>The name of a pool that was given none.</summary>
    public const string DefaultName = "default";

    /// <summary><c>RANGE</c> or <c>NAME=RANGE</c>; null when the range is none.</summary>
    public static AddressPool? Parse(string text)
    {
        var parts = text.Split('=', 2);
        var name = parts.Length == 2 ? parts[0] : DefaultName;
        return name.Length > 0 && AddressRange.Parse(parts[^1]) is { } range ? new AddressPool(name, range) : null;
    }

    public bool Contains(IPAddress address) => Range.Contains(address);
}
