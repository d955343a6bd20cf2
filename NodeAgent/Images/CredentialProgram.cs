using System.ComponentModel;
using System.Text.Json;
using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.Metrics;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>
/// Runs one program for credentials: it reads a request of JSON and writes its answer, in the version that it is
/// configured to speak. Programs that several pods need at once for the same run once.
/// </summary>
internal sealed partial class CredentialProgram(
    CredentialProvider provider, string directory, KubeletMeters meters, TimeProvider time, ILogger logger)
{
    /// <summary>Room for a program that tries again itself; and one that hangs is ended.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    /// <summary>Characters of an answer, far more than credentials need.</summary>
    private const int MaxOutput = 1 << 20;

    /// <summary>Characters that are told of what a program says is wrong.</summary>
    private const int MaxTold = 256;

    private readonly Dictionary<string, Task<CredentialProviderResponse?>> _running = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>Null, and a line in the log, when it has no good answer.</summary>
    public Task<CredentialProviderResponse?> AskAsync(
        string image, AccountProof account, CancellationToken cancellationToken)
    {
        var key = JsonSerializer.Serialize((string[])[image, account.Token ?? "", account.Key]);
        lock (_lock)
        {
            if (!_running.TryGetValue(key, out var running))
            {
                running = AskAndForgetAsync(key, image, account);
                if (!running.IsCompleted)
                {
                    _running[key] = running;
                }
            }

            return running.WaitAsync(cancellationToken);
        }
    }

    private async Task<CredentialProviderResponse?> AskAndForgetAsync(string key, string image, AccountProof account)
    {
        try
        {
            return Read(await RunAsync(image, account));
        }
        catch (CredentialProgramException failure)
        {
            LogFailed(provider.Name, image, failure.Message);
            return null;
        }
        finally
        {
            lock (_lock)
            {
                _running.Remove(key);
            }
        }
    }

    private async Task<string> RunAsync(string image, AccountProof account)
    {
        var request = JsonSerializer.Serialize(
            new CredentialProviderRequest
            {
                ApiVersion = provider.ApiVersion,
                Image = image,
                ServiceAccountToken = account.Token,
                ServiceAccountAnnotations = account.Annotations is { Count: > 0 } shown ? shown : null,
            },
            CredentialProviderJson.Default.CredentialProviderRequest);
        var started = time.GetTimestamp();
        try
        {
            return await RunAsync(request + "\n");
        }
        catch (CredentialProgramException)
        {
            meters.CredentialPluginErrors.Add(provider.Name);
            throw;
        }
        finally
        {
            meters.CredentialPlugins.Record(time.GetElapsedTime(started), provider.Name);
        }
    }

    private async Task<string> RunAsync(string request)
    {
        using var limit = new CancellationTokenSource(Timeout, time);
        try
        {
            var result = await Commands.RunAsync(
                Path.Combine(directory, provider.Name), provider.Args ?? [], limit.Token, request,
                (provider.Env ?? []).Select(static v => KeyValuePair.Create(v.Name, v.Value)), MaxOutput);
            return result.Succeeded
                ? result.Output
                : throw new CredentialProgramException($"exit status {result.ExitCode}: {Told(result.Error.Trim())}");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new CredentialProgramException("context deadline exceeded");
        }
        catch (Exception failure) when (failure is Win32Exception or IOException)
        {
            throw new CredentialProgramException(failure.Message);
        }
    }

    private static string Told(string error) => error.Length > MaxTold ? error[..MaxTold] : error;

    /// <summary>What is wrong with an answer is not told in detail: it may hold credentials.</summary>
    private CredentialProviderResponse Read(string answer)
    {
        const string undecoded = "error decoding credential provider plugin response from stdout";
        try
        {
            var response = JsonSerializer.Deserialize(
                answer, CredentialProviderJson.Default.CredentialProviderResponse);
            if (response?.ApiVersion != provider.ApiVersion)
            {
                throw new CredentialProgramException(
                    "apiVersion from credential plugin response did not match expected apiVersion:"
                    + $"{provider.ApiVersion}, actual apiVersion:{response?.ApiVersion}");
            }

            return response is { Kind: nameof(CredentialProviderResponse) }
                ? response
                : throw new CredentialProgramException(undecoded);
        }
        catch (JsonException)
        {
            throw new CredentialProgramException(undecoded);
        }
    }

    /// <summary>Why there is no answer.</summary>
    private sealed class CredentialProgramException(string message) : Exception(message);

    [LoggerMessage(1, LogLevel.Warning, "Credential provider {Program} has no answer for image {Image}: {Problem}")]
    private partial void LogFailed(string program, string image, string problem);
}
