using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Admission;

/// <summary>
/// The admission of one write, from the first plugin to the commit or the refusal. The object is read back from here:
/// plugins may have put another in its place.
/// </summary>
/// <param name="chain">The plugins.</param>
/// <param name="attributes">The write.</param>
public readonly struct AdmissionScope(AdmissionChain chain, AdmissionAttributes attributes)
{
    /// <summary>The object as plugins left it.</summary>
    public IKubernetesObject<V1ObjectMeta> Object =>
        attributes.Object ?? throw new InvalidOperationException("A deletion has no object to write.");

    /// <summary>The mutating round; a Status refuses the write.</summary>
    public ValueTask<Status?> MutateAsync(CancellationToken cancellationToken) =>
        chain.MutateAsync(attributes, cancellationToken);

    /// <summary>The validating round; a Status refuses the write.</summary>
    public ValueTask<Status?> ValidateAsync(CancellationToken cancellationToken) =>
        chain.ValidateAsync(attributes, cancellationToken);

    /// <summary>
    /// The write was committed or surely refused: plugins give back what they held for it. Not called when nobody knows
    /// what became of the write.
    /// </summary>
    public async ValueTask EndAsync()
    {
        foreach (var release in attributes.TakeReleases())
        {
            await release();
        }
    }
}
