using System.Text;
using Google.Protobuf;
using OrleansOrchestrator.Grains.Encryption.Kms;
using OrleansOrchestrator.Grains.Encryption.Kms.V2;

namespace OrleansOrchestrator.Grains.Encryption;

/// <summary>
/// Values by seeds that a plugin of the KMS v2 API encrypts: <c>k8s:enc:kms:v2:NAME:</c>, and upstream's form of the
/// value with its encrypted seed.
/// </summary>
internal sealed class KmsProvider : IEncryptionProvider
{
    private readonly KmsPlugin _plugin;
    private readonly byte[] _prefix;

    public KmsProvider(KmsPlugin plugin)
    {
        _plugin = plugin;
        WritesWith = $"k8s:enc:kms:v2:{plugin.Name}:";
        _prefix = Encoding.UTF8.GetBytes(WritesWith);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Prefix => _prefix;

    /// <inheritdoc/>
    public string Label => WritesWith;

    /// <inheritdoc/>
    public string WritesWith { get; }

    /// <inheritdoc/>
    public int KeyChanges => _plugin.KeyChanges;

    /// <inheritdoc/>
    public ValueTask ReadyAsync(CancellationToken cancellationToken) => _plugin.ReadyAsync(cancellationToken);

    /// <inheritdoc/>
    public byte[] Seal(ReadOnlySpan<byte> value, ReadOnlySpan<byte> storeKey)
    {
        var state = _plugin.ForWriting();
        _plugin.NoteUse(EncryptionMetrics.ToStorage, state.Source.KeyId);
        return state.Seal(_prefix, value, storeKey);
    }

    /// <inheritdoc/>
    public ValueTask PrepareAsync(ReadOnlyMemory<byte> stored, CancellationToken cancellationToken) =>
        TryRead(stored, out var item, out _) ? _plugin.PrepareAsync(item, cancellationToken) : ValueTask.CompletedTask;

    /// <inheritdoc/>
    public OpenedValue Open(ReadOnlyMemory<byte> stored, ReadOnlySpan<byte> storeKey)
    {
        if (!TryRead(stored, out var item, out var problem))
        {
            return OpenedValue.Failed(problem);
        }

        var now = _plugin.Current().Source;
        var seed = _plugin.SeedOf(item);
        if (seed.Cipher is not { } cipher)
        {
            return OpenedValue.Failed(seed.Problem!);
        }

        _plugin.NoteUse(EncryptionMetrics.FromStorage, item.KeyId);
        return cipher.Open(item.Data.Span, storeKey, out var failure) is { } value
            ? new OpenedValue(value, item.KeyId != now.KeyId || item.Type != now.Type)
            : OpenedValue.Failed(failure!);
    }

    /// <inheritdoc/>
    /// <remarks>The name alone: keys are the plugin's, and one that it has no more proves nothing.</remarks>
    public byte[] Prove(ReadOnlySpan<byte> storeKey) => _prefix;

    /// <inheritdoc/>
    public string? Disprove(ReadOnlyMemory<byte> proof, ReadOnlySpan<byte> storeKey) => null;

    private bool TryRead(ReadOnlyMemory<byte> stored, out EncryptedObject item, out string problem)
    {
        try
        {
            item = EncryptedObject.Parser.ParseFrom(stored.Span[_prefix.Length..]);
            problem = KmsRules.FindProblem(item) ?? "";
        }
        catch (InvalidProtocolBufferException)
        {
            (item, problem) = (new EncryptedObject(), "proto: cannot parse invalid wire-format data");
        }

        return problem.Length == 0;
    }
}
