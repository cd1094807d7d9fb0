// The screens and their addresses. All but Create are loaded when they are opened.

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { expectImages } from "./api/library";
import { memory } from "./api/memory";
import { CreatePage } from "./features/create/CreatePage";
import { searchOf, wantedOf } from "./features/gallery/search";
import { useLook } from "./look";
import { Broken, Missing } from "./shell/Broken";
import { Shell } from "./shell/Shell";

const root = createRootRoute({ component: Shell, notFoundComponent: Missing, errorComponent: Broken });

const index = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: useLook.getState().welcomed ? "/create" : "/welcome", replace: true });
  },
});

const create = createRoute({ getParentRoute: () => root, path: "/create", component: CreatePage });

const welcome = createRoute({
  getParentRoute: () => root,
  path: "/welcome",
  component: lazyRouteComponent(() => import("./features/welcome/WelcomePage"), "WelcomePage"),
});

const gallery = createRoute({
  getParentRoute: () => root,
  path: "/gallery",
  validateSearch: searchOf,
  loaderDeps: ({ search }) => search,
  loader: ({ deps }) => expectImages(memory, wantedOf(deps)),
  component: lazyRouteComponent(() => import("./features/gallery/GalleryPage"), "GalleryPage"),
});

const image = createRoute({
  getParentRoute: () => root,
  path: "/i/$id",
  component: lazyRouteComponent(() => import("./features/image/ImagePage"), "ImagePage"),
});

const chat = createRoute({
  getParentRoute: () => root,
  path: "/chat",
  component: lazyRouteComponent(() => import("./features/chat/ChatPage"), "ChatPage"),
});

const conversation = createRoute({
  getParentRoute: () => root,
  path: "/chat/$id",
  component: lazyRouteComponent(() => import("./features/chat/ChatPage"), "ChatPage"),
});

const tools = createRoute({
  getParentRoute: () => root,
  path: "/tools",
  component: lazyRouteComponent(() => import("./features/tools/ToolsPage"), "ToolsPage"),
});

const tool = createRoute({
  getParentRoute: () => root,
  path: "/tools/$tool",
  component: lazyRouteComponent(() => import("./features/tools/ToolPage"), "ToolPage"),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  component: lazyRouteComponent(() => import("./features/compare/ComparePage"), "ComparePage"),
});

const comparison = createRoute({
  getParentRoute: () => root,
  path: "/compare/$id",
  component: lazyRouteComponent(() => import("./features/compare/ComparisonPage"), "ComparisonPage"),
});

const bulk = createRoute({
  getParentRoute: () => root,
  path: "/bulk",
  component: lazyRouteComponent(() => import("./features/bulk/BulkPage"), "BulkPage"),
});

const bulkRun = createRoute({
  getParentRoute: () => root,
  path: "/bulk/$id",
  component: lazyRouteComponent(() => import("./features/bulk/BulkRunPage"), "BulkRunPage"),
});

const pipelines = createRoute({
  getParentRoute: () => root,
  path: "/pipelines",
  component: lazyRouteComponent(() => import("./features/pipelines/PipelinesPage"), "PipelinesPage"),
});

const pipeline = createRoute({
  getParentRoute: () => root,
  path: "/pipelines/new",
  component: lazyRouteComponent(() => import("./features/pipelines/EditorPage"), "EditorPage"),
});

const pipelineRun = createRoute({
  getParentRoute: () => root,
  path: "/pipelines/$id",
  component: lazyRouteComponent(() => import("./features/pipelines/PipelineRunPage"), "PipelineRunPage"),
});

const models = createRoute({
  getParentRoute: () => root,
  path: "/models",
  component: lazyRouteComponent(() => import("./features/models/ModelsPage"), "ModelsPage"),
});

const costs = createRoute({
  getParentRoute: () => root,
  path: "/costs",
  component: lazyRouteComponent(() => import("./features/costs/CostsPage"), "CostsPage"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("./features/settings/SettingsPage"), "SettingsPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    index,
    create,
    chat,
    conversation,
    tools,
    tool,
    welcome,
    gallery,
    image,
    compare,
    comparison,
    bulk,
    bulkRun,
    pipelines,
    pipeline,
    pipelineRun,
    models,
    costs,
    settings,
  ]),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
