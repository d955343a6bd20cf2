using System.Globalization;
using OrleansOrchestrator.Interfaces.Hollow;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Hollow;

/// <summary>One simulated node: its identity, and which of its pod addresses are taken.</summary>
internal sealed class HollowNode
{
    /// <summary>Nodes take the /24s from 10.128.0.0 on, one each.</summary>
    public const int MaxNodes = 128 * 256;

    private const int FirstPodOctet = 128;
    private const int AddressesPerOctet = 250;

    private readonly bool[] _taken = new bool[HollowNodeSettings.MaxPodsPerNode];

    public HollowNode(int index, string prefix, IResourceClient client)
    {
        Index = index;
        Name = string.Create(CultureInfo.InvariantCulture, $"{prefix}{index}");
        Address = string.Create(
            CultureInfo.InvariantCulture, $"172.20.{index / AddressesPerOctet}.{(index % AddressesPerOctet) + 1}");
        PodNetwork = string.Create(CultureInfo.InvariantCulture, $"10.{FirstPodOctet + (index >> 8)}.{index & 255}.");
        Client = client.As(new UserIdentity
        {
            Name = $"system:node:{Name}",
            Groups = ["system:nodes", "system:authenticated"],
        });
    }

    public int Index { get; }

    public string Name { get; }

    public string Address { get; }

    /// <summary>First three octets of the pods' addresses, with the dot.</summary>
    public string PodNetwork { get; }

    /// <summary>Acts as this node.</summary>
    public IResourceClient Client { get; }

    /// <summary>Uid of the Node object; null before it is registered, and after somebody deleted it.</summary>
    public string? Uid { get; set; }

    /// <summary>True when the Lease is known to exist.</summary>
    public bool HasLease { get; set; }

    /// <summary>The lowest free address; null when all are taken.</summary>
    public string? TakePodAddress()
    {
        var slot = Array.IndexOf(_taken, false);
        if (slot < 0)
        {
            return null;
        }

        _taken[slot] = true;
        return string.Create(CultureInfo.InvariantCulture, $"{PodNetwork}{slot + 1}");
    }

    /// <summary>Marks an address that a pod already has.</summary>
    public void KeepPodAddress(string address) => Set(address, true);

    public void FreePodAddress(string address) => Set(address, false);

    private void Set(string address, bool isTaken)
    {
        if (address.StartsWith(PodNetwork, StringComparison.Ordinal)
            && int.TryParse(
                address.AsSpan(PodNetwork.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var octet)
            && octet >= 1
            && octet <= _taken.Length)
        {
            _taken[octet - 1] = isTaken;
        }
    }
}
