using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Certificates.SigningRequests;

/// <summary>Owner of one CertificateSigningRequest: approves, signs and at last removes it.</summary>
[GrainType("certificatesigningrequest")]
public sealed class CertificateSigningRequestGrain : ObjectGrainBase
{
    private readonly ReconcilerHost _reconciler;

    public CertificateSigningRequestGrain(ObjectGrainServices services, ReconcilingServices? reconciling = null)
        : base(services) => _reconciler = new ReconcilerHost(
            reconciling, s => new SigningRequestReconciler(Address.Key, s));

    protected override Task<ReconcileResult> OnReconcileAsync(CancellationToken cancellationToken) =>
        _reconciler.RunAsync(cancellationToken);
}
