using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Grains.Encryption.Kms.V2;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Encryption.Kms;

/// <summary>
/// One plugin, and the seed that it has encrypted for this silo (upstream's <c>encryptionconfig</c> and
/// <c>envelope/kmsv2</c>).
///
/// The plugin is asked for its status each minute, or each ten seconds while something is wrong. When the key that it
/// names is another than the seed's, a new seed is made and encrypted by it; until that has worked the old one goes on.
/// Values are written with the seed in memory, so the plugin is not asked for each; but only for three minutes after it
/// has last said that the seed's key is still its own. What is written behind its back would survive its revocation.
/// Values are read as long as the plugin decrypts their seeds, which are kept for a day.
///
/// Invariants: the state is replaced whole, and only by <see cref="CheckAsync"/>, one at a time; a failed check changes
/// nothing.
/// </summary>
internal sealed partial class KmsPlugin(KmsSettings settings, TimeProvider time) : IDisposable
{
    private const string Version = "v2";
    private const string OldVersion = "v2beta1";
    private const string NoState = "got unexpected nil transformer";

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan IntervalInTrouble = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WriteLife = TimeSpan.FromMinutes(3);

    /// <summary>Who asks for health gets an answer that is as old as this.</summary>
    private static readonly TimeSpan GoodAnswerLife = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan BadAnswerLife = TimeSpan.FromSeconds(3);

    private readonly KmsClient _client = new(settings);
    private readonly SeedCache _seeds = new(time);
    private readonly SemaphoreSlim _checking = new(1);
    private (string? Problem, DateTimeOffset Ends)? _answer;
    private string? _version;
    private volatile KmsState? _state;
    private volatile int _keyChanges;

    public string Name => settings.Name;

    /// <summary>How long a call may take.</summary>
    public TimeSpan Timeout => settings.Timeout;

    /// <summary>Counts that a key was used.</summary>
    public void NoteUse(string type, string keyId) => KmsMetrics.KeyUsed(type, Name, keyId, time.GetUtcNow());

    /// <summary>How often its key has become another since the first.</summary>
    public int KeyChanges => _keyChanges;

    /// <summary>Null when it is well, else what is wrong with it, in upstream's words.</summary>
    public async ValueTask<string?> CheckAsync(CancellationToken cancellationToken)
    {
        await _checking.WaitAsync(cancellationToken);
        try
        {
            if (_answer is var (known, ends) && time.GetUtcNow() < ends)
            {
                return known;
            }

            var problem = await AskAsync(cancellationToken);
            _answer = (problem, time.GetUtcNow() + (problem is null ? GoodAnswerLife : BadAnswerLife));
            return problem;
        }
        finally
        {
            _checking.Release();
        }
    }

    /// <summary>Keeps the seed up to date until it is stopped.</summary>
    public async Task RunAsync(ILogger logger, CancellationToken cancellationToken)
    {
        var wasWell = true;
        while (true)
        {
            var problem = await CheckAsync(cancellationToken);
            if (problem is not null && wasWell)
            {
                LogUnwell(logger, Name, problem);
            }
            else if (problem is null && !wasWell)
            {
                LogWell(logger, Name);
            }

            wasWell = problem is null;
            await Task.Delay(wasWell ? Interval : IntervalInTrouble, time, cancellationToken);
        }
    }

    /// <summary>Asks the plugin for its first key, if it has not been.</summary>
    public async ValueTask ReadyAsync(CancellationToken cancellationToken)
    {
        if (_state is null)
        {
            await CheckAsync(cancellationToken);
        }
    }

    /// <summary>With what values are written now; refuses when that must not be any more.</summary>
    public KmsState ForWriting()
    {
        var state = Current();
        var now = time.GetUtcNow();
        return now <= state.Expires ? state : throw Refusal(
            $"encryptedDEKSource with keyID hash {GoText.Quote(KmsRules.HashOf(state.Source.KeyId))} expired at "
            + $"{state.Expires.ToApiText()} (current time is {now.ToApiText()})");
    }

    /// <summary>With what values would be written, whether they may be or not.</summary>
    public KmsState Current() => _state ?? throw Refusal(NoState);

    /// <summary>Has the seed of a value decrypted, unless it is known.</summary>
    public async ValueTask PrepareAsync(EncryptedObject item, CancellationToken cancellationToken)
    {
        await ReadyAsync(cancellationToken);
        var key = KmsState.KeyOf(item);
        if (_seeds.Find(key) is null)
        {
            KmsMetrics.SeedMissed();
            Keep(key, await DecryptAsync(item, cancellationToken));
        }
    }

    /// <summary>What reads a value whose seed was prepared.</summary>
    public OpenedSeed SeedOf(EncryptedObject item) => _seeds.Find(KmsState.KeyOf(item))
        ?? throw Refusal("failed to decrypt DEK, error: it is not at hand");

    private void Keep(string key, in OpenedSeed seed)
    {
        _seeds.Keep(key, seed);
        KmsMetrics.SeedsKept(Name, _seeds.Count);
    }

    public void Dispose()
    {
        _client.Dispose();
        _checking.Dispose();
    }

    private static StoreUnavailableException Refusal(string why, Exception? cause = null) =>
        new(why, cause) { Refusal = why };

    private async Task<OpenedSeed> DecryptAsync(EncryptedObject item, CancellationToken cancellationToken)
    {
        byte[] plain;
        try
        {
            plain = (await _client.DecryptAsync(item, cancellationToken)).Plaintext.ToByteArray();
        }
        catch (RpcException error)
        {
            // What is refused for good is said of the value; everything else may pass, and then all are read.
            var why = $"failed to decrypt DEK, error: {KmsClient.Describe(error)}";
            return error.StatusCode is StatusCode.InvalidArgument or StatusCode.NotFound or StatusCode.DataLoss
                ? new OpenedSeed(null, why)
                : throw Refusal(why, error);
        }

        if (item.Type == SourceType.ExtendedNonceSeed)
        {
            return plain.Length < SeedCipher.SeedBytes
                ? new OpenedSeed(null, $"invalid seed length {plain.Length} used for key generation")
                : new OpenedSeed(new SeedCipher(plain), null);
        }

        return plain.Length is 16 or 24 or 32
            ? new OpenedSeed(new AesGcmCipher(plain), null)
            : new OpenedSeed(null, $"crypto/aes: invalid key size {plain.Length}");
    }

    private async Task<string?> AskAsync(CancellationToken cancellationToken)
    {
        StatusResponse status;
        try
        {
            status = await _client.StatusAsync(cancellationToken);
        }
        catch (RpcException error)
        {
            return $"failed to perform status section of the healthz check for KMS Provider {Name}, error: "
                + KmsClient.Describe(error);
        }

        var problems = new List<string>();
        if (status.Healthz != "ok")
        {
            problems.Add($"got unexpected healthz status: {status.Healthz}");
        }

        if (FindVersionProblem(status.Version) is { } version)
        {
            problems.Add(version);
        }

        if (KmsRules.FindKeyIdProblem(status.KeyId) is { Problem: { } keyId } invalid)
        {
            KmsMetrics.KeyIdInvalid(Name, invalid.Code);
            problems.Add($"got invalid KMSv2 KeyID hash {GoText.Quote(KmsRules.HashOf(status.KeyId))}: {keyId}");
        }
        else
        {
            KmsMetrics.KeyNamed(Name, status.KeyId, time.GetUtcNow());
            if (await RotateAsync(status.KeyId, cancellationToken) is { } rotation)
            {
                problems.Add(rotation);
            }
        }

        return GoErrors.Join(problems) is { } all ? $"kmsv2 Provider {Name} is not healthy, error: {all}" : null;
    }

    private string? FindVersionProblem(string version)
    {
        if (version is not (Version or OldVersion))
        {
            return $"expected KMSv2 API version {Version}, got {version}";
        }

        _version ??= version;
        return version == _version ? null
            : "KMSv2 API version should not change after the initial status response version "
                + $"{_version}, got {version}";
    }

    /// <summary>Makes a seed for a key that is new; of the key that is in use the seed may be used on.</summary>
    private async Task<string?> RotateAsync(string keyId, CancellationToken cancellationToken)
    {
        // The time runs from before the plugin was asked.
        var (state, expires) = (_state, time.GetUtcNow() + WriteLife);
        if (state?.Source.KeyId == keyId)
        {
            _state = state with { Expires = expires };
            return null;
        }

        var uid = Chance.NewId().ToString("D");
        var (made, encryptedWith, problem) = await MakeAsync(uid, expires, cancellationToken);
        if (made is not null && encryptedWith == keyId)
        {
            Keep(KmsState.KeyOf(made.Source), new OpenedSeed(made.Cipher, null));
            _state = made;
            if (state is not null)
            {
                _keyChanges++;
            }

            return null;
        }

        var until = state is null ? "0001-01-01T00:00:00Z" : state.Expires.ToApiText();
        return $"failed to rotate DEK uid={GoText.Quote(uid)}, useSeed=true, "
            + $"errState={(state is null ? NoState : "<nil>")}, errGen={problem ?? "<nil>"}, "
            + $"statusKeyIDHash={GoText.Quote(KmsRules.HashOf(keyId))}, "
            + $"encryptKeyIDHash={GoText.Quote(KmsRules.HashOf(encryptedWith))}, "
            + $"stateKeyIDHash={GoText.Quote(KmsRules.HashOf(state?.Source.KeyId ?? ""))}, "
            + $"expirationTimestamp={until}";
    }

    private async Task<(KmsState? State, string KeyId, string? Problem)> MakeAsync(
        string uid, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        var seed = RandomNumberGenerator.GetBytes(SeedCipher.SeedBytes);
        EncryptResponse answer;
        try
        {
            answer = await _client.EncryptAsync(uid, seed, cancellationToken);
        }
        catch (RpcException error)
        {
            return (null, "", $"failed to encrypt DEK, error: {KmsClient.Describe(error)}");
        }

        var source = new EncryptedObject
        {
            KeyId = answer.KeyId, Source = answer.Ciphertext, Type = SourceType.ExtendedNonceSeed,
        };
        source.Annotations.Add(answer.Annotations);
        return KmsRules.FindSourceProblem(source) is { } problem ? (null, "", problem) : (
            new KmsState
            {
                Cipher = new SeedCipher(seed), Source = source, Tail = source.ToByteArray(), Expires = expires,
            },
            answer.KeyId, null);
    }

    [LoggerMessage(1, LogLevel.Warning, "KMS plugin {Name} fails its health check: {Problem}")]
    private static partial void LogUnwell(ILogger logger, string name, string problem);

    [LoggerMessage(2, LogLevel.Information, "KMS plugin {Name} is well again")]
    private static partial void LogWell(ILogger logger, string name);
}
