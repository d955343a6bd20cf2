using OrleansOrchestrator.Api.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kernel;

/// <summary>The table of upstream's own requestinfo tests, extended.</summary>
public sealed class RequestInfoReaderTests
{
    [Theory]
    [InlineData("GET", "/api/v1/namespaces", "list", "", "namespaces", "", "", "")]
    [InlineData("GET", "/api/v1/namespaces/other", "get", "other", "namespaces", "", "other", "")]
    [InlineData("GET", "/api/v1/namespaces/other/pods", "list", "other", "pods", "", "", "")]
    [InlineData("GET", "/api/v1/namespaces/other/pods/foo", "get", "other", "pods", "", "foo", "")]
    [InlineData("HEAD", "/api/v1/namespaces/other/pods/foo", "get", "other", "pods", "", "foo", "")]
    [InlineData("GET", "/api/v1/pods", "list", "", "pods", "", "", "")]
    [InlineData("GET", "/api/v1/watch/pods", "watch", "", "pods", "", "", "")]
    [InlineData("GET", "/api/v1/watch/namespaces/other/pods", "watch", "other", "pods", "", "", "")]
    [InlineData("GET", "/api/v1/namespaces/other/pods/foo/status", "get", "other", "pods", "status", "foo", "")]
    [InlineData("GET", "/api/v1/proxy/namespaces/other/pods/foo/x", "proxy", "other", "pods", "", "foo", "")]
    [InlineData("PUT", "/api/v1/namespaces/other/finalize", "update", "other", "namespaces", "finalize", "other", "")]
    [InlineData("PUT", "/api/v1/namespaces/other/status", "update", "other", "namespaces", "status", "other", "")]
    [InlineData("DELETE", "/api/v1/nodes", "deletecollection", "", "nodes", "", "", "")]
    [InlineData("DELETE", "/api/v1/nodes/foo", "delete", "", "nodes", "", "foo", "")]
    [InlineData("POST", "/api/v1/namespaces/other/pods", "create", "other", "pods", "", "", "")]
    [InlineData(
        "PATCH",
        "/apis/apps/v1/namespaces/other/deployments/d/scale",
        "patch",
        "other",
        "deployments",
        "scale",
        "d",
        "apps")]
    [InlineData("GET", "/apis/apps/v1/namespaces/other/deployments/", "list", "other", "deployments", "", "", "apps")]
    public void ResourcePathsAreRead(
        string method, string path, string verb, string space, string resource, string subresource, string name, string group)
    {
        var info = RequestInfoReader.Read(method, path).Required;
        Assert.True(info.IsResourceRequest);
        Assert.Equal(
            (verb, space, resource, subresource, name, group),
            (info.Verb, info.Namespace, info.Resource, info.Subresource, info.Name, info.Group));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api")]
    [InlineData("/api/v1")]
    [InlineData("/apis")]
    [InlineData("/apis/apps")]
    [InlineData("/apis/apps/v1")]
    [InlineData("/healthz")]
    [InlineData("/openapi/v3/apis/apps/v1")]
    public void OtherPathsAreNoResources(string path)
    {
        var info = RequestInfoReader.Read("GET", path).Required;
        Assert.False(info.IsResourceRequest);
        Assert.Equal("get", info.Verb);
    }

    [Theory]
    [InlineData("metadata.name=a", "a")]
    [InlineData("metadata.name==a", "a")]
    [InlineData("spec.x=y,metadata.name=a", "a")]
    [InlineData("metadata.name!=a", "")]
    [InlineData("metadata.name=a/b", "")]
    [InlineData("metadata.namespace=a", "")]
    [InlineData(" metadata.name=a", "")]
    [InlineData("metadata.name=a\\,b", "a,b")]
    [InlineData("metadata.name=a,bogus", "")]
    [InlineData("metadata.name=..", "")]
    public void AListOfOneNameCarriesTheName(string selector, string name)
    {
        var info = RequestInfoReader.Read("GET", "/api/v1/pods", watch: true, selector).Required;
        Assert.Equal(("watch", name, selector), (info.Verb, info.Name, info.FieldSelector));
    }

    /// <summary>
    /// Only lists and watches by query are narrowed to a name; what deletes or names its verb in the path is not.
    /// </summary>
    [Theory]
    [InlineData("DELETE", "/api/v1/namespaces/a/pods", "deletecollection", "", "metadata.name=a")]
    [InlineData("GET", "/api/v1/watch/namespaces/a/pods", "watch", "", "")]
    [InlineData("GET", "/api/v1/namespaces/a/pods/b", "get", "b", "")]
    public void OthersCarryNoName(string method, string path, string verb, string name, string selector)
    {
        var info = RequestInfoReader.Read(method, path, fieldSelector: "metadata.name=a").Required;
        Assert.Equal((verb, name, selector), (info.Verb, info.Name, info.FieldSelector));
    }
}
