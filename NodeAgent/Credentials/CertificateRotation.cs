using System.Security.Cryptography;
using k8s.Autorest;

namespace OrleansOrchestrator.NodeAgent.Credentials;

/// <summary>
/// Keeps a certificate in its file good: asks for the next one in time (<see cref="RotationTimes"/>), and at once when
/// there is none. Until somebody has approved it, the old one goes on.
/// </summary>
public sealed partial class CertificateRotation(
    CertificateFile file, CertificateWish wish, SigningRequests requests, Random random, TimeProvider time,
    ILogger logger)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(2);

    // A timer takes no longer wait.
    private static readonly TimeSpan MaxWait = TimeSpan.FromDays(30);

    /// <summary>Rotates until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var delay = FirstDelay;
        while (!cancellationToken.IsCancellationRequested)
        {
            await WaitAsync(cancellationToken);
            try
            {
                await RotateAsync(cancellationToken);
                delay = FirstDelay;
                continue;
            }
            catch (Exception failure) when (failure is CertificateRefusedException or HttpOperationException
                or HttpRequestException or IOException or CryptographicException
                || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                file.NoteFailure();
                LogFailed(wish.Signer, failure.Message);
            }

            await Task.Delay(delay, time, cancellationToken);
            delay = delay * 2 < MaxDelay ? delay * 2 : MaxDelay;
        }
    }

    /// <summary>Gets the next certificate, and puts it in the place of the one that there is.</summary>
    public async Task RotateAsync(CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = await requests.AskAsync(wish, key, name: null, cancellationToken);
        file.Replace(certificate, key.ExportPkcs8PrivateKeyPem());
        LogRotated(wish.Signer, file.Current!.NotAfter.ToUniversalTime());
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var chance = random.NextDouble();
        while (file.Current is { } current && wish.IsMetBy(current)
            && RotationTimes.Left(current, time.GetUtcNow(), chance) is var left && left > TimeSpan.Zero)
        {
            await Task.Delay(left < MaxWait ? left : MaxWait, time, cancellationToken);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Signer} gave a certificate that is good until {End}")]
    private partial void LogRotated(string signer, DateTime end);

    [LoggerMessage(2, LogLevel.Warning, "No certificate of {Signer} yet: {Problem}")]
    private partial void LogFailed(string signer, string problem);
}
