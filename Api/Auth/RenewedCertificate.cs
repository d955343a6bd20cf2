using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// A certificate by which this server asks others: made on first use, and again long before it ends.
/// </summary>
/// <param name="issue">Issues one that is valid for so long.</param>
/// <param name="time">Clock.</param>
public sealed class RenewedCertificate(
    Func<TimeSpan, CancellationToken, Task<IssuedCertificate>> issue, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewAfter = TimeSpan.FromDays(30);

    private readonly SemaphoreSlim _making = new(1, 1);
    private Made? _made;

    /// <summary>The one to use now, with its key (PEM); it stays usable when there is a newer one.</summary>
    public async ValueTask<string> GetAsync(CancellationToken cancellationToken)
    {
        if (Usable() is { } usable)
        {
            return usable;
        }

        await _making.WaitAsync(cancellationToken);
        try
        {
            return Usable() ?? await MakeAsync(cancellationToken);
        }
        finally
        {
            _making.Release();
        }
    }

    public void Dispose() => _making.Dispose();

    private string? Usable() =>
        Volatile.Read(ref _made) is { } made && time.GetUtcNow() < made.RenewAt ? made.Pem : null;

    private async Task<string> MakeAsync(CancellationToken cancellationToken)
    {
        var issued = await issue(Validity, cancellationToken);
        var pem = $"{issued.CertificatePem}\n{issued.KeyPem}";
        Volatile.Write(ref _made, new Made(pem, time.GetUtcNow() + RenewAfter));
        return pem;
    }

    private sealed record Made(string Pem, DateTimeOffset RenewAt);
}
