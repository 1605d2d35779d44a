export {
  allocateInput,
  allocation,
  allocationStatus,
  batchQuantity,
  changeBatchQuantityInput,
  createBatchInput,
  productDetails,
} from './allocation.ts'
export { notificationStatus, notifications } from './notifications.ts'
export { system } from './system.ts'
export { emailAddress } from './values.ts'
