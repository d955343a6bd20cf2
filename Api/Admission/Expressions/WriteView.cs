using System.Buffers;
using System.Text.Json;
using k8s;
using k8s.Models;
using OrleansOrchestrator.Api.Admission.Matching;
using OrleansOrchestrator.Cel;
using OrleansOrchestrator.Cel.Libraries;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;
using OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Expressions;

/// <summary>
/// A write as expressions see it, in one version. What no expression reads is not made, and what several read is made
/// once; values are for one thread, and as long as the view lives.
/// </summary>
internal sealed class WriteView : IDisposable
{
    private readonly List<JsonDocument> _documents = [];
    private readonly AdmissionAttributes _attributes;
    private readonly IKubernetesObject<V1ObjectMeta>? _old;
    private CelValue? _object;
    private CelValue? _oldObject;
    private CelValue? _request;

    private WriteView(
        AdmissionAttributes attributes, ResourceDefinition version, IKubernetesObject<V1ObjectMeta>? item,
        IKubernetesObject<V1ObjectMeta>? old) =>
        (_attributes, Version, Item, _old) = (attributes, version, item, old);

    /// <summary>The version.</summary>
    public ResourceDefinition Version { get; }

    /// <summary>The object as it is to be, in this version; null for a deletion.</summary>
    public IKubernetesObject<V1ObjectMeta>? Item { get; private set; }

    public static async ValueTask<WriteView> OfAsync(
        AdmissionAttributes attributes, ResourceDefinition version, CancellationToken cancellationToken) => new(
        attributes, version,
        await ConvertAsync(attributes.Object, attributes, version, cancellationToken),
        await ConvertAsync(attributes.OldObject, attributes, version, cancellationToken));

    /// <summary>Lets expressions read the write.</summary>
    public void Show(CelActivation activation)
    {
        activation.Set(AdmissionVariables.Object, MakeObject);
        activation.Set(AdmissionVariables.OldObject, MakeOldObject);
        activation.Set(AdmissionVariables.Request, MakeRequest);
        activation.Set(AdmissionVariables.Namespace, CelValue.Null);
    }

    /// <summary>Lets expressions ask an authorizer.</summary>
    public void Show(CelActivation activation, ICelAuthorizer authorizer)
    {
        activation.Set(AdmissionVariables.Authorizer, () => AuthorizerLibrary.Of(authorizer));
        activation.Set(
            AdmissionVariables.RequestResource, () => AuthorizerLibrary.OfResource(authorizer, new CelAccessCheck
            {
                Group = _attributes.Definition.Name.Group, Resource = _attributes.Definition.Name.Plural,
                Subresource = _attributes.Subresource, Namespace = RequestWords.NamespaceOf(_attributes),
                Name = _attributes.Key.Name,
            }));
    }

    /// <summary>JSON as a value that lives as long as the view.</summary>
    public CelValue Read(ReadOnlyMemory<byte> json, CelSchema? schema = null)
    {
        var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 1000 });
        _documents.Add(document);
        return CelJson.Of(document.RootElement, schema);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var document in _documents)
        {
            document.Dispose();
        }
    }

    private static async ValueTask<IKubernetesObject<V1ObjectMeta>?> ConvertAsync(
        IKubernetesObject<V1ObjectMeta>? item, AdmissionAttributes attributes, ResourceDefinition version,
        CancellationToken cancellationToken) => item is null
        ? null
        : await ObjectVersions.ConvertAsync(
            item, attributes.Definition, version, attributes.Subresource, cancellationToken);

    private CelValue MakeObject() => _object ??= Make(Item);

    private CelValue MakeOldObject() => _oldObject ??= Make(_old);

    private CelValue Make(IKubernetesObject<V1ObjectMeta>? item) =>
        item is null ? CelValue.Null : Read(ResourceCodec.Encode(item));

    private CelValue MakeRequest()
    {
        if (_request is { } known)
        {
            return known;
        }

        var output = new ArrayBufferWriter<byte>(1024);
        using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        var request = new RequestJson(_attributes, Version);
        writer.WriteStartObject();
        request.WriteSubject(writer);
        request.WriteManner(writer);
        writer.WriteEndObject();
        writer.Flush();
        return (_request = Read(output.WrittenMemory, AdmissionVariables.RequestSchema)).Value;
    }
}
