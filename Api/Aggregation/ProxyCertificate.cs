using OrleansOrchestrator.Api.Auth.RequestHeaders;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>
/// The certificate by which this server proves itself to servers of aggregated APIs: an operator's, or one that is made
/// on first use, and again long before it ends.
/// </summary>
public sealed class ProxyCertificate(IGrainFactory grains, ProxyClientFiles? given, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewAfter = TimeSpan.FromDays(30);

    private readonly SemaphoreSlim _making = new(1, 1);
    private Made? _made;
    private volatile string? _given = given?.Read();

    /// <summary>The one to use now, with its key (PEM); it stays usable when there is a newer one.</summary>
    public async ValueTask<string> GetAsync(CancellationToken cancellationToken)
    {
        if ((_given ?? Usable()) is { } usable)
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

    /// <summary>Takes another one of the operator's, with its key (PEM).</summary>
    public void Use(string pem) => _given = pem;

    public void Dispose() => _making.Dispose();

    private string? Usable() =>
        Volatile.Read(ref _made) is { } made && time.GetUtcNow() < made.RenewAt ? made.Pem : null;

    private async Task<string> MakeAsync(CancellationToken cancellationToken)
    {
        var issued = await grains.GetGrain<IClusterIdentityGrain>(IClusterIdentityGrain.Key)
            .IssueProxyClientAsync(Validity, cancellationToken);
        var pem = $"{issued.CertificatePem}\n{issued.KeyPem}";
        Volatile.Write(ref _made, new Made(pem, time.GetUtcNow() + RenewAfter));
        return pem;
    }

    private sealed record Made(string Pem, DateTimeOffset RenewAt);
}
