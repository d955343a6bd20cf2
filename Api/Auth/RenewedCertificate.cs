using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// A certificate by which this server asks others: made on first use, and again long before it ends. While it is valid
/// it is used on when there is no newer one to be had; that is tried again an hour later.
/// </summary>
/// <param name="issue">Issues one that is valid for so long.</param>
/// <param name="time">Clock.</param>
public sealed class RenewedCertificate(
    Func<TimeSpan, CancellationToken, Task<IssuedCertificate>> issue, TimeProvider time)
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewAfter = TimeSpan.FromDays(30);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromHours(1);

    /// <summary>How long a newer one is waited for; of the first, whoever issues it says when it fails.</summary>
    private static readonly TimeSpan RenewalTimeout = TimeSpan.FromSeconds(5);

    private readonly SingleFlight<RenewedCertificate, Made> _making = new(static _ => true);
    private Made? _made;

    /// <summary>The one to use now, with its key (PEM); it stays usable when there is a newer one.</summary>
    public async ValueTask<string> GetAsync(CancellationToken cancellationToken) =>
        (Usable() ?? await _making.Join(this, MakeAsync)!.WaitAsync(cancellationToken)).Pem;

    private Made? Usable() =>
        Volatile.Read(ref _made) is { } made && time.GetUtcNow() < made.RenewAt ? made : null;

    /// <summary>For all who wait: none of them ends it. Who came just after one was made gets that.</summary>
    private async Task<Made> MakeAsync()
    {
        var made = Usable() ?? await RenewAsync(Volatile.Read(ref _made));
        Volatile.Write(ref _made, made);
        return made;
    }

    private async Task<Made> RenewAsync(Made? old)
    {
        var now = time.GetUtcNow();
        if (old is null || now >= old.EndsAt)
        {
            return await IssueAsync(now, CancellationToken.None);
        }

        using var over = new CancellationTokenSource(RenewalTimeout, time);
        try
        {
            return await IssueAsync(now, over.Token).WaitAsync(over.Token);
        }
        catch (Exception failure) when (
            (failure is StoreUnavailableException or OrleansException or TimeoutException or OperationCanceledException)
            && time.GetUtcNow() < old.EndsAt)
        {
            // The old one serves as well. When it has ended, whoever asks is told why there is no newer one.
            var retryAt = time.GetUtcNow() + RetryAfter;
            return old with { RenewAt = retryAt < old.EndsAt ? retryAt : old.EndsAt };
        }
    }

    private async Task<Made> IssueAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var issued = await issue(Validity, cancellationToken);
        return new Made($"{issued.CertificatePem}\n{issued.KeyPem}", now + RenewAfter, now + Validity);
    }

    private sealed record Made(string Pem, DateTimeOffset RenewAt, DateTimeOffset EndsAt);
}
