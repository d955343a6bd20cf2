using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>All objects of a resource at one revision. Immutable; versions share their structure, so holding one is cheap.</summary>
public sealed class CacheSnapshot
{
    /// <summary>The revision at which this is exact.</summary>
    public long Revision => throw new NotImplementedException();

    /// <summary>How many objects there are.</summary>
    public int Count => throw new NotImplementedException();

    /// <summary>Null when there is no such object.</summary>
    public ResourceObject? Get(ObjectKey key) => throw new NotImplementedException();

    /// <summary>All objects of a namespace (empty: of all namespaces) in key order, beginning after a key.</summary>
    public IEnumerable<ResourceObject> Range(string @namespace = "", ObjectKey? after = null) => throw new NotImplementedException();

    /// <summary>How many objects <see cref="Range"/> would yield, in logarithmic time.</summary>
    public int CountRange(string @namespace = "", ObjectKey? after = null) => throw new NotImplementedException();

    /// <summary>Objects that have an owner reference with this uid, in key order.</summary>
    public IEnumerable<ResourceObject> OwnedBy(string ownerUid) => throw new NotImplementedException();

    /// <summary>Objects with this label, in key order.</summary>
    public IEnumerable<ResourceObject> WithLabel(string name, string value) => throw new NotImplementedException();

    /// <summary>True when <see cref="WithField"/> can be asked for the field.</summary>
    public bool IsIndexed(string path) => throw new NotImplementedException();

    /// <summary>Objects with this value in an indexed field, in key order.</summary>
    public IEnumerable<ResourceObject> WithField(string path, string value) => throw new NotImplementedException();
}
