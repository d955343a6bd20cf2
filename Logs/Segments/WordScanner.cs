namespace OrleansOrchestrator.Logs.Segments;

/// <summary>
/// Words of a text: letters, digits, underscores and everything outside of ASCII, as long as possible. Each is a hash
/// of 64 bits, in which ASCII letters count the same in both cases.
/// </summary>
public ref struct WordScanner(ReadOnlySpan<byte> text)
{
    private const ulong Seed = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    private static readonly byte[] Folded = MakeFolded();

    private readonly ReadOnlySpan<byte> _text = text;
    private int _at;

    /// <summary>Hash of the word found last.</summary>
    public ulong Current { get; private set; }

    /// <summary>True for bytes that belong to words.</summary>
    public static bool IsWord(byte value) => Folded[value] != 0;

    public bool MoveNext()
    {
        var at = _at;
        var text = _text;
        while (at < text.Length && Folded[text[at]] == 0)
        {
            at++;
        }

        if (at == text.Length)
        {
            _at = at;
            return false;
        }

        var hash = Seed;
        for (; at < text.Length && Folded[text[at]] is not 0 and var folded; at++)
        {
            hash = (hash ^ folded) * Prime;
        }

        _at = at;
        Current = Mix(hash);
        return true;
    }

    /// <summary>The hashes of all words of a text.</summary>
    public static HashSet<ulong> AllOf(ReadOnlySpan<byte> text)
    {
        var words = new HashSet<ulong>();
        var scanner = new WordScanner(text);
        while (scanner.MoveNext())
        {
            words.Add(scanner.Current);
        }

        return words;
    }

    /// <summary>The multiplications above leave the low bits poor.</summary>
    private static ulong Mix(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
        return hash ^ (hash >> 33);
    }

    private static byte[] MakeFolded()
    {
        var folded = new byte[256];
        for (var i = 0; i < folded.Length; i++)
        {
            var value = (byte)i;
            folded[i] = value switch
            {
                >= (byte)'A' and <= (byte)'Z' => (byte)(value | 0x20),
                (>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'_' or >= 0x80 => value,
                _ => 0,
            };
        }

        return folded;
    }
}
