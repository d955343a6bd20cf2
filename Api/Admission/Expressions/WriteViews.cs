using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Expressions;

/// <summary>
/// A write while expressions look at it: what one of them has had made or found out, the others use too, as long as the
/// object stays as it is.
/// </summary>
internal sealed class WriteViews(AdmissionAttributes attributes, WriteAuthorizer authorizer) : IDisposable
{
    private Dictionary<ResourceDefinition, WriteView>? _views;

    public AdmissionAttributes Attributes => attributes;

    public WriteAuthorizer Authorizer => authorizer;

    /// <summary>The write in a version.</summary>
    public async ValueTask<WriteView> GetAsync(ResourceDefinition version, CancellationToken cancellationToken)
    {
        if (_views?.TryGetValue(version, out var view) != true)
        {
            view = await WriteView.OfAsync(attributes, version, cancellationToken);
            (_views ??= [])[version] = view;
        }

        return view!;
    }

    /// <summary>The object has changed.</summary>
    public void Renew()
    {
        foreach (var view in _views?.Values.AsEnumerable() ?? [])
        {
            view.Dispose();
        }

        _views = null;
    }

    /// <inheritdoc/>
    public void Dispose() => Renew();
}
