using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// Names of generated children in upstream's shape, <c>OWNER-xxxxx</c>, that a crash cannot double (P8).
/// <para>
/// The suffix is the child's sequence number, scrambled by the owner's uid: a bijection of 0 … 27⁵-1 onto itself (an
/// affine map, its factor coprime to 27), so two numbers of one owner never collide, names look random, and a name can
/// be read back to its number. An owner that was interrupted asks for the same numbers again, and AlreadyExists tells
/// it that the first attempt was committed.
/// </para>
/// </summary>
public readonly struct ChildNames
{
    /// <summary>Upstream's alphabet: no vowels, so no words; no look-alikes.</summary>
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";
    private const int SuffixLength = 5;
    private const int MaxNameLength = 63;

    /// <summary>27⁵: how many names one owner has before they repeat.</summary>
    public const int Count = 27 * 27 * 27 * 27 * 27;

    private readonly long _factor;
    private readonly long _inverse;
    private readonly long _offset;

    public ChildNames(string ownerName, string ownerUid)
    {
        const int longest = MaxNameLength - SuffixLength - 1;
        Prefix = (ownerName.Length > longest ? ownerName[..longest] : ownerName) + "-";
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(ownerUid));
        _offset = BinaryPrimitives.ReadUInt32LittleEndian(hash) % Count;
        var factor = BinaryPrimitives.ReadUInt32LittleEndian(hash.AsSpan(4)) % Count;
        _factor = factor % 3 == 0 ? factor + 1 : factor;
        _inverse = Invert(_factor);
    }

    /// <summary>What the names begin with; also the <c>generateName</c>.</summary>
    public string Prefix { get; }

    /// <summary>The name of a number.</summary>
    public string Name(int sequence)
    {
        var code = (int)(((sequence * _factor) + _offset) % Count);
        Span<char> suffix = stackalloc char[SuffixLength];
        for (var i = SuffixLength - 1; i >= 0; i--)
        {
            suffix[i] = Alphabet[code % Alphabet.Length];
            code /= Alphabet.Length;
        }

        return string.Concat(Prefix, suffix);
    }

    /// <summary>The number of a name; false for a name that is not of this owner's making.</summary>
    public bool TrySequence(string name, out int sequence)
    {
        sequence = -1;
        if (name.Length != Prefix.Length + SuffixLength || !name.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        long code = 0;
        foreach (var letter in name.AsSpan(Prefix.Length))
        {
            var digit = Alphabet.IndexOf(letter, StringComparison.Ordinal);
            if (digit < 0)
            {
                return false;
            }

            code = (code * Alphabet.Length) + digit;
        }

        sequence = (int)((code - _offset + Count) % Count * _inverse % Count);
        return true;
    }

    /// <summary>The inverse modulo 27⁵ by Euler's theorem: φ(3¹⁵) = 2·3¹⁴.</summary>
    private static long Invert(long factor)
    {
        long result = 1, power = factor;
        for (var exponent = (2 * (Count / 3)) - 1; exponent > 0; exponent >>= 1)
        {
            if ((exponent & 1) == 1)
            {
                result = result * power % Count;
            }

            power = power * power % Count;
        }

        return result;
    }
}
