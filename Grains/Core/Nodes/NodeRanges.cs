using System.Net;
using System.Numerics;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Core.Nodes;

/// <summary>
/// The equal ranges that a network of all pods is cut into, one for each node. As upstream's, they are given out in
/// turn: the range of a node that is gone rests until all others have been used, so that its old connections end.
/// </summary>
public sealed class NodeRanges
{
    /// <summary>More than this many ranges are not kept book of; upstream refuses such a network.</summary>
    private const int MaxBits = 16;

    private readonly IPNetwork _network;
    private readonly int _length;

    /// <summary>How many nodes hold a range: two may, when somebody gave both the same.</summary>
    private readonly int[] _holders;
    private int _next;
    private int _free;

    /// <summary>All ranges of a network, held by nobody.</summary>
    public NodeRanges(PodNetwork pods)
    {
        if (Problem(pods) is { } problem)
        {
            throw new ArgumentException(problem, nameof(pods));
        }

        _network = pods.Network;
        _length = pods.NodeLength;
        _holders = new int[1 << (_length - _network.PrefixLength)];
        _free = _holders.Length;
    }

    /// <summary>Why a network cannot be cut so; null when it can.</summary>
    public static string? Problem(PodNetwork pods)
    {
        var (network, length) = pods;
        return length - network.PrefixLength is < 0 or > MaxBits || length > Width(network)
            ? $"The network {network} cannot be cut into ranges of /{length}: it needs a prefix of " +
                $"{Math.Max(0, length - MaxBits)} to {Math.Min(length, Width(network))} bits."
            : null;
    }

    /// <summary>A range that no node holds, held from now on; null when there is none.</summary>
    public IPNetwork? Take()
    {
        if (_free == 0)
        {
            return null;
        }

        while (_holders[_next] > 0)
        {
            _next = (_next + 1) % _holders.Length;
        }

        var taken = _next;
        _next = (_next + 1) % _holders.Length;
        Change(taken, 1);
        return Range(taken);
    }

    /// <summary>A node has this range, wherever it got it from. What is outside of the network is nothing.</summary>
    public void Hold(IPNetwork range) => Change(range, 1);

    /// <summary>A node that held this range is gone.</summary>
    public void Release(IPNetwork range) => Change(range, -1);

    private void Change(IPNetwork range, int by)
    {
        var (first, last) = Indices(range);
        for (var i = first; i <= last; i++)
        {
            Change(i, by);
        }
    }

    private void Change(int index, int by)
    {
        _free += _holders[index] == 0 ? -1 : 0;
        _holders[index] += by;
        _free += _holders[index] == 0 ? 1 : 0;
    }

    private (int First, int Last) Indices(IPNetwork range)
    {
        if (Width(range) != Width(_network))
        {
            return (0, -1);
        }

        if (range.PrefixLength <= _network.PrefixLength)
        {
            return range.Contains(_network.BaseAddress) ? (0, _holders.Length - 1) : (0, -1);
        }

        if (!_network.Contains(range.BaseAddress))
        {
            return (0, -1);
        }

        var shift = Width(_network) - _length;
        var first = (int)((Number(range.BaseAddress) - Number(_network.BaseAddress)) >> shift);
        return (first, first + (range.PrefixLength >= _length ? 0 : (1 << (_length - range.PrefixLength)) - 1));
    }

    private IPNetwork Range(int index)
    {
        var number = Number(_network.BaseAddress) + ((BigInteger)index << (Width(_network) - _length));
        var bytes = new byte[Width(_network) / 8];
        var digits = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(bytes, bytes.Length - digits.Length);
        return new IPNetwork(new IPAddress(bytes), _length);
    }

    private static BigInteger Number(IPAddress address) =>
        new(address.GetAddressBytes(), isUnsigned: true, isBigEndian: true);

    private static int Width(IPNetwork network) => network.BaseAddress.GetAddressBytes().Length * 8;
}
