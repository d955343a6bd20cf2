using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.FileProviders.Physical;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// <c>/logs/</c>: the machine's own log files as they are, directories as lists, both to read only; what upstream's
/// kubelet gives from <c>/var/log</c> where <c>enableSystemLogHandler</c> is on, as it is by default. For the API's
/// <c>nodes/NAME/proxy/logs/</c>, and so for those who may use that.
/// </summary>
public static class SystemLogs
{
    /// <summary>Where a machine keeps its logs.</summary>
    public const string Folder = "/var/log";

    private const string RequestPath = "/logs";

    /// <summary>Adds the path; everything else goes on.</summary>
    public static void Serve(WebApplication app, string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        // Also files that begin with a dot: nobody is kept from reading them by their names.
        var files = new PhysicalFileProvider(folder, ExclusionFilters.None);
        var options = new FileServerOptions
        {
            FileProvider = files, RequestPath = RequestPath, EnableDefaultFiles = false, EnableDirectoryBrowsing = true,
            RedirectToAppendTrailingSlash = true,
        };
        options.DirectoryBrowserOptions.Formatter = new Listing();
        options.StaticFileOptions.ServeUnknownFileTypes = true;
        options.StaticFileOptions.DefaultContentType = "text/plain; charset=utf-8";
        app.UseFileServer(options);
    }

    /// <summary>As Go's file server writes it: a link a line, by name.</summary>
    private sealed class Listing : IDirectoryFormatter
    {
        public Task GenerateContentAsync(HttpContext context, IEnumerable<IFileInfo> contents)
        {
            var text = new StringBuilder(
                "<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n");
            foreach (var file in contents.OrderBy(static f => f.Name, StringComparer.Ordinal))
            {
                var name = file.IsDirectory ? file.Name + "/" : file.Name;
                var target = Uri.EscapeDataString(file.Name) + (file.IsDirectory ? "/" : "");
                text.Append("<a href=\"").Append(target).Append("\">").Append(HtmlEncoder.Default.Encode(name))
                    .Append("</a>\n");
            }

            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync(text.Append("</pre>\n").ToString(), context.RequestAborted);
        }
    }
}
