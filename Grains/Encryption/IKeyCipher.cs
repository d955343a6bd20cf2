namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>One key, and how it encrypts values. For many threads at once.</summary>
internal interface IKeyCipher
{
    /// <summary>How long a value of some length becomes.</summary>
    int SealedLength(int length);

    /// <summary>Encrypts.</summary>
    /// <param name="value">What to encrypt.</param>
    /// <param name="storeKey">Whose value it is; authenticated where the scheme can.</param>
    /// <param name="target">As long as <see cref="SealedLength"/> says.</param>
    void Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey, Span<byte> target);

    /// <summary>The value; null with the problem, in upstream's words, when it cannot be had.</summary>
    byte[]? Open(ReadOnlySpan<byte> sealedValue, ReadOnlySpan<byte> storeKey, out string? problem);
}
