using System.Globalization;
using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>A network, with or without one of the other family beside it; as text with a comma between them.</summary>
/// <param name="Primary">The one of the cluster's first family.</param>
/// <param name="Secondary">The one of the other family; null for none.</param>
public sealed record DualNetwork(IPNetwork Primary, IPNetwork? Secondary)
{
    /// <summary>True when one of them is of IPv6.</summary>
    public bool HasSix => All.Any(static n => FamilyOf(n) == AddressFamily.InterNetworkV6);

    /// <summary>The networks, the primary one first.</summary>
    public IEnumerable<IPNetwork> All => Secondary is { } second ? [Primary, second] : [Primary];

    /// <summary>Null for a text that is no network, and not two of both families.</summary>
    public static DualNetwork? Parse(string text) => NetworkRules.NetworksOf(text) switch
    {
        [var only] => new(only, null),
        [var first, var second] when FamilyOf(first) != FamilyOf(second) => new(first, second),
        _ => null,
    };

    /// <summary>The primary one alone.</summary>
    public DualNetwork First => this with { Secondary = null };

    /// <summary>What it has of another's families, in their order; itself where it has none of them.</summary>
    public DualNetwork Like(DualNetwork other)
    {
        IPNetwork[] common = [.. other.All.SelectMany(o => All.Where(n => FamilyOf(n) == FamilyOf(o)))];
        return common switch
        {
            [var only] => new(only, null),
            [var first, var second] => new(first, second),
            _ => this,
        };
    }

    public override string ToString() =>
        Secondary is null ? Primary.ToString() : string.Create(CultureInfo.InvariantCulture, $"{Primary},{Secondary}");

    private static AddressFamily FamilyOf(IPNetwork network) => network.BaseAddress.AddressFamily;
}
